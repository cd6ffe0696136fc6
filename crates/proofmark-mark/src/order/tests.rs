//! Orders: which are read, what they reach, who may thaw.

use p256::ecdsa::SigningKey;

use super::*;
use crate::dsse::PAYLOAD_TYPE;

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn keyid(seed: u8) -> Digest {
    crate::dsse::keyid(key(seed).verifying_key()).unwrap()
}

fn stewards() -> VerifyingKeys {
    let mut keys = VerifyingKeys::default();
    for seed in [1, 2] {
        keys.insert(*key(seed).verifying_key()).unwrap();
    }
    keys
}

fn order(act: Act) -> Order {
    Order { issued: at(NOW), act, reason: "code freeze".to_owned() }
}

fn signed(act: Act, seed: u8) -> Envelope {
    Envelope::sign(PAYLOAD_TYPE, order(act).statement().to_bytes(), &key(seed)).unwrap()
}

fn issued(act: Act, seed: u8) -> Issued {
    Issued::read(&signed(act, seed), &stewards()).unwrap()
}

fn freeze(scope: &str, until: Option<i64>, thaw: u8) -> Act {
    Act::Freeze { scope: scope.parse().unwrap(), until: until.map(at), thaw: BTreeSet::from([keyid(thaw)]) }
}

fn standing(orders: impl IntoIterator<Item = Issued>) -> Standing {
    let mut standing = Standing::default();
    orders.into_iter().for_each(|order| standing.take(order));
    standing
}

fn forbidden(standing: &Standing, second: i64) -> bool {
    let capabilities = BTreeSet::from(["egress".to_owned()]);
    let acting = Acting {
        run: "00ff",
        mark: Digest([1; 32]),
        artifact: Digest([2; 32]),
        contract: Digest([3; 32]),
        generator: "model",
        autonomy: Autonomy::Supervised,
        capabilities: &capabilities,
    };
    standing.forbids(&acting, at(second)).is_some()
}

#[test]
fn every_order_is_read_as_it_was_given() {
    let acts = [
        freeze("all", None, 1),
        freeze("generator:model", Some(NOW + 60), 2),
        Act::Thaw { freeze: Digest([9; 32]) },
        Act::Revoke { mark: Digest([1; 32]) },
        Act::Stop { run: "00ff".to_owned() },
    ];
    for act in acts {
        let read = issued(act.clone(), 1);
        assert_eq!((read.order, read.keyid), (order(act), keyid(1)));
    }
}

#[test]
fn only_stewards_give_orders() {
    let stranger = signed(freeze("all", None, 1), 3);
    assert!(matches!(Issued::read(&stranger, &stewards()), Err(OrderError::Signature(DsseError::UnknownKey(_)))));
}

#[test]
fn an_order_says_one_thing() {
    let elsewhere = Statement::new("all", Digest([0; 32]), order(freeze("all", None, 1)));
    let envelope = Envelope::sign(PAYLOAD_TYPE, elsewhere.to_bytes(), &key(1)).unwrap();
    assert!(matches!(Issued::read(&envelope, &stewards()), Err(OrderError::Subject)));
    let forever = Act::Freeze { scope: Scope::All, until: None, thaw: BTreeSet::new() };
    assert!(matches!(Issued::read(&signed(forever, 1), &stewards()), Err(OrderError::Content(_))));
    let long = Order { reason: "x".repeat(REASON_BYTES_MAX + 1), ..order(freeze("all", None, 1)) };
    let envelope = Envelope::sign(PAYLOAD_TYPE, long.statement().to_bytes(), &key(1)).unwrap();
    assert!(matches!(Issued::read(&envelope, &stewards()), Err(OrderError::Content(_))));
}

#[test]
fn a_freeze_reaches_its_scope_and_nothing_else() {
    let digest = |byte: u8| Digest([byte; 32]).to_string();
    let reached = [
        "all".to_owned(),
        "generator:model".to_owned(),
        "capability:egress".to_owned(),
        "autonomy:supervised".to_owned(),
        format!("mark:{}", digest(1)),
        format!("artifact:{}", digest(2)),
        format!("contract:{}", digest(3)),
    ];
    for scope in &reached {
        assert!(forbidden(&standing([issued(freeze(scope, None, 1), 1)]), NOW), "{scope}");
        assert_eq!(scope.parse::<Scope>().unwrap().to_string(), *scope);
    }
    let others = ["generator:other", "capability:read", "autonomy:assisted", &format!("mark:{}", digest(2))];
    for scope in others {
        assert!(!forbidden(&standing([issued(freeze(scope, None, 1), 1)]), NOW), "{scope}");
    }
    for wrong in ["", "everything", "all:", "generator:", "mark:12", "autonomy:free", "ALL", &"g".repeat(300)] {
        assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
    }
}

#[test]
fn a_freeze_ends_at_its_time_or_by_a_key_it_names() {
    let timed = standing([issued(freeze("all", Some(NOW + 60), 1), 1)]);
    assert!(forbidden(&timed, NOW + 59) && !forbidden(&timed, NOW + 60));

    // Steward 1 froze and named steward 2 alone.
    let frozen = issued(freeze("all", None, 2), 1);
    let thaw = |seed| issued(Act::Thaw { freeze: frozen.envelope }, seed);
    assert!(forbidden(&standing([frozen.clone(), thaw(1)]), NOW));
    assert!(!forbidden(&standing([frozen.clone(), thaw(2)]), NOW));
    let again = issued(freeze("generator:model", None, 1), 1);
    assert!(forbidden(&standing([frozen.clone(), again, thaw(2)]), NOW), "the other freeze stands");
    assert!(forbidden(&standing([thaw(2), frozen.clone()]), NOW), "a thaw before its freeze is none");
}

#[test]
fn revoking_and_stopping_can_not_be_undone() {
    let revoked = issued(Act::Revoke { mark: Digest([1; 32]) }, 1);
    let thaw = issued(Act::Thaw { freeze: revoked.envelope }, 1);
    assert!(forbidden(&standing([revoked, thaw]), NOW));
    assert!(!forbidden(&standing([issued(Act::Revoke { mark: Digest([7; 32]) }, 1)]), NOW));
    assert!(forbidden(&standing([issued(Act::Stop { run: "00ff".to_owned() }, 1)]), NOW));
    assert!(!forbidden(&standing([issued(Act::Stop { run: "00fe".to_owned() }, 1)]), NOW));
}
