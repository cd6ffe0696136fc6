//! Envelopes: the encoding that is signed, and every way in which a signature is not believed.

use super::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn keys(seeds: &[u8]) -> VerifyingKeys {
    let mut keys = VerifyingKeys::default();
    for seed in seeds {
        keys.insert(*key(*seed).verifying_key()).unwrap();
    }
    keys
}

fn envelope() -> Envelope {
    Envelope::sign(PAYLOAD_TYPE, b"{\"a\":1}".to_vec(), &key(1)).unwrap()
}

#[test]
fn the_signed_bytes_are_those_of_dsse() {
    // The example of the DSSE protocol page.
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
}

#[test]
fn a_signed_payload_is_returned_with_its_signer() {
    let envelope = envelope();
    let signed = envelope.verify(&keys(&[2, 1])).unwrap();
    assert_eq!(signed.payload, b"{\"a\":1}");
    assert_eq!(signed.keyid, keyid(key(1).verifying_key()).unwrap());
    assert_eq!(Envelope::parse(&envelope.to_bytes()).unwrap(), envelope);
}

#[test]
fn signing_is_deterministic_and_low_s() {
    for nth in 0..64_u8 {
        let made = Envelope::sign(PAYLOAD_TYPE, vec![nth], &key(1)).unwrap();
        assert_eq!(made, Envelope::sign(PAYLOAD_TYPE, vec![nth], &key(1)).unwrap());
        assert!(made.verify(&keys(&[1])).is_ok());
    }
}

#[test]
fn a_high_s_twin_is_refused() {
    let mut twin = envelope();
    let signature = P256::from_der(&twin.signatures[0].sig).unwrap();
    let (r, s) = signature.split_scalars();
    let high = P256::from_scalars(r, -*s).unwrap();
    // It is a valid signature; only its form gives it away.
    assert!(key(1).verifying_key().verify(&pae(PAYLOAD_TYPE, &twin.payload), &high).is_ok());
    twin.signatures[0].sig = high.to_der().as_bytes().to_vec();
    assert_eq!(twin.verify(&keys(&[1])), Err(DsseError::Form));
}

#[test]
fn other_encodings_of_a_signature_are_refused() {
    let good = envelope();
    let der = good.signatures[0].sig.clone();
    let fixed = P256::from_der(&der).unwrap().to_bytes().to_vec();
    let mut long = der.clone();
    long.splice(1..2, [0x81, der[1]]);
    let trailing = [der.as_slice(), &[0]].concat();
    for sig in [fixed, long, trailing, Vec::new(), der[..der.len() - 1].to_vec()] {
        let mut wrong = good.clone();
        wrong.signatures[0].sig = sig;
        assert_eq!(wrong.verify(&keys(&[1])), Err(DsseError::Form));
    }
}

#[test]
fn what_is_not_signed_like_this_is_not_believed() {
    let good = envelope();
    assert!(matches!(good.verify(&keys(&[2])), Err(DsseError::UnknownKey(_))));
    assert!(matches!(good.verify(&VerifyingKeys::default()), Err(DsseError::UnknownKey(_))));
    let mut altered = good.clone();
    altered.payload[1] ^= 1;
    assert_eq!(altered.verify(&keys(&[1])), Err(DsseError::WrongSignature));
    let mut posing = good.clone();
    posing.signatures[0].keyid = keyid(key(2).verifying_key()).unwrap();
    assert_eq!(posing.verify(&keys(&[1, 2])), Err(DsseError::WrongSignature));
    let other = Envelope::sign("text/plain", b"{}".to_vec(), &key(1)).unwrap();
    assert_eq!(other.verify(&keys(&[1])), Err(DsseError::PayloadType));
}

#[test]
fn an_envelope_has_one_spelling_and_one_signature() {
    let text = String::from_utf8(envelope().to_bytes()).unwrap();
    let signature = text.split("\"signatures\":[").nth(1).unwrap().trim_end_matches("]}");
    let wrong = [
        text.replace(signature, ""),
        text.replace(signature, &format!("{signature},{signature}")),
        text.replace("eyJhIjoxfQ==", "eyJhIjoxfQ"),
        text.replace("eyJhIjoxfQ==", "eyJhIjoxfR=="),
        text.replace("\"payloadType\"", "\"payload_type\""),
        text.replace("{\"payload\"", "{\"more\":1,\"payload\""),
        text.replace(":[", ": ["),
        format!("{text}\n"),
    ];
    for wrong in wrong {
        assert_ne!(wrong, text);
        assert!(Envelope::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
