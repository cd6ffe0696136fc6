//! Merkle trees, against the vectors of Certificate Transparency and against a naive tree for every small size.

use super::*;

/// The entries of Certificate Transparency's reference tests.
const ENTRIES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
/// The roots over the first 1 to 8 of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|nth| leaf_hash(&nth.to_be_bytes())).collect()
}

fn tree(leaves: &[Digest]) -> Tree {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

/// MTH of RFC 6962, section 2.1, word for word.
fn naive(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            node_hash(&naive(&leaves[..half]), &naive(&leaves[half..]))
        }
    }
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    assert_eq!(root(&[]), digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    let leaves: Vec<Digest> = ENTRIES.iter().map(|entry| leaf_hash(&bytes(entry))).collect();
    for (size, wanted) in (1..).zip(ROOTS) {
        assert_eq!(root(&leaves[..size]), digest(wanted), "{size}");
    }
}

#[test]
fn proofs_are_those_of_certificate_transparency() {
    let leaves: Vec<Digest> = ENTRIES.iter().map(|entry| leaf_hash(&bytes(entry))).collect();
    let tree = tree(&leaves);
    let inclusion = |index, size| inclusion_proof(&tree, index, size).unwrap();
    assert_eq!(inclusion(0, 1), []);
    assert_eq!(
        inclusion(5, 8),
        [
            digest("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
            digest("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            digest("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
    assert_eq!(inclusion(2, 3), [digest("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]);
    let consistency = |old, new| consistency_proof(&tree, old, new).unwrap();
    assert_eq!(
        consistency(6, 8),
        [
            digest("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
            digest("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            digest("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
    assert_eq!(consistency(1, 1), []);
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_no_neighbour_does() {
    let leaves = leaves(40);
    let tree = tree(&leaves);
    let roots: Vec<Digest> = (0..=40).map(|size| naive(&leaves[..size])).collect();
    for size in 0..=40_u64 {
        assert_eq!(root_at(&tree, size).unwrap(), roots[size as usize]);
        for index in 0..size {
            let proof = inclusion_proof(&tree, index, size).unwrap();
            let (leaf, root) = (&leaves[index as usize], &roots[size as usize]);
            assert_eq!(verify_inclusion(leaf, index, size, &proof, root), Ok(()));
            for (leaf, index, root) in [
                (&leaves[(index as usize + 1) % 40], index, root),
                (leaf, index + 1, root),
                (leaf, index ^ 1, root),
                (leaf, index, &roots[(size as usize + 1) % 41]),
            ] {
                assert!(verify_inclusion(leaf, index, size, &proof, root).is_err(), "{index} {size}");
            }
            altered(&proof, |wrong| verify_inclusion(leaf, index, size, wrong, root).is_err());
        }
        for old in 0..=size {
            let proof = consistency_proof(&tree, old, size).unwrap();
            let (first, second) = (&roots[old as usize], &roots[size as usize]);
            assert_eq!(verify_consistency(old, first, size, second, &proof), Ok(()));
            let other = Digest([9; 32]);
            assert!(verify_consistency(old, &other, size, second, &proof).is_err());
            // Every tree is one that the empty one can grow into.
            assert_eq!(verify_consistency(old, first, size, &other, &proof).is_err(), old != 0 || size == 0);
            altered(&proof, |wrong| verify_consistency(old, first, size, second, wrong).is_err());
        }
    }
}

/// Every proof with one hash changed, missing or more is refused.
fn altered(proof: &[Digest], refused: impl Fn(&[Digest]) -> bool) {
    assert!(refused(&[proof, &[Digest([0; 32])]].concat()));
    assert!(refused(&[&[Digest([0; 32])], proof].concat()));
    for at in 0..proof.len() {
        let mut wrong = proof.to_vec();
        wrong[at].0[31] ^= 1;
        assert!(refused(&wrong));
        wrong.remove(at);
        assert!(refused(&wrong));
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let zero = Digest([0; 32]);
    assert_eq!(verify_inclusion(&zero, 0, 0, &[], &zero), Err(ProofError::Index { index: 0, size: 0 }));
    assert_eq!(verify_consistency(2, &zero, 1, &zero, &[]), Err(ProofError::Sizes { old: 2, new: 1 }));
    assert_eq!(verify_consistency(0, &zero, 0, &zero, &[]), Err(ProofError::Root));
    assert_eq!(verify_inclusion(&zero, u64::MAX - 1, u64::MAX, &[], &zero), Err(ProofError::Length));
    let long = vec![zero; 200];
    assert_eq!(verify_inclusion(&zero, 0, u64::MAX, &long, &zero), Err(ProofError::Length));
    assert_eq!(verify_consistency(1, &zero, u64::MAX, &zero, &long), Err(ProofError::Length));
    let tree = tree(&leaves(3));
    assert!(inclusion_proof(&tree, 3, 3).is_err());
    assert!(inclusion_proof(&tree, 0, 9).is_err());
    assert!(consistency_proof(&tree, 3, 2).is_err());
}

#[test]
fn closures_serve_hashes_too() {
    let leaves = leaves(5);
    let tree = tree(&leaves);
    let reader = |level, index| tree.hash(level, index);
    assert_eq!(root_at(&reader, 5).unwrap(), tree.root());
    assert_eq!(inclusion_proof(&reader, 2, 5).unwrap(), inclusion_proof(&tree, 2, 5).unwrap());
}
