//! Sharing: the function's published vectors, what an onlooker sees, and chains that were tampered with.
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use rand_core::{CryptoRng, Error, RngCore};
use tongbao_risk::sharing::{
    Answer, Asking, BATCH_MAX, Broken, Chain, Delta, Evaluator, Item, ItemState, Refused, SharedKind, Token,
};
use voprf::{Ristretto255, VoprfClient, VoprfServer};

const PHONES: [&str; 3] = ["13800000001", "13800000002", "+442079460000"];

fn source() -> Evaluator {
    Evaluator::new(&[9; 32]).unwrap()
}

fn ask(seed: u8, values: &[&str]) -> Asking {
    Asking::about(&[seed; 32], values.iter().map(|value| (SharedKind::Phone, *value))).unwrap()
}

#[test]
fn a_member_learns_the_tokens_that_the_source_computes() {
    let source = source();
    let asking = ask(1, &PHONES);
    let answer = source.answer(&[2; 32], asking.message()).unwrap();
    let tokens = asking.tokens(&answer, &source.public_key()).unwrap();
    let own: Vec<Token> =
        PHONES.iter().map(|value| source.token(SharedKind::Phone, value).unwrap()).collect();
    assert_eq!(tokens, own);
    let all: BTreeSet<Token> =
        own.into_iter().chain([source.token(SharedKind::Card, PHONES[0]).unwrap()]).collect();
    assert_eq!(all.len(), PHONES.len() + 1, "values and kinds have tokens of their own");
}

#[test]
fn an_answer_with_another_key_or_altered_is_refused() {
    let (source, other) = (source(), Evaluator::new(&[8; 32]).unwrap());
    let asking = ask(1, &PHONES);
    let answer = source.answer(&[2; 32], asking.message()).unwrap();
    let key = source.public_key();
    let by_other = other.answer(&[2; 32], asking.message()).unwrap();
    assert_eq!(asking.tokens(&by_other, &key), Err(Refused::Proof));
    let mut turned = answer.clone();
    turned.elements.swap(0, 1);
    assert_eq!(asking.tokens(&turned, &key), Err(Refused::Proof));
    let mut short = answer.clone();
    short.elements.pop();
    assert_eq!(asking.tokens(&short, &key), Err(Refused::Count));
    assert_eq!(
        asking.tokens(&Answer { elements: vec![[255; 32]; 3], ..answer }, &key),
        Err(Refused::Element)
    );
}

#[test]
fn what_is_no_point_or_too_much_is_refused() {
    let source = source();
    assert_eq!(source.answer(&[2; 32], &[]), Err(Refused::Count));
    assert_eq!(source.answer(&[2; 32], &[[0; 32]]), Err(Refused::Element), "the neutral point");
    assert_eq!(source.answer(&[2; 32], &[[255; 32]]), Err(Refused::Element));
    assert_eq!(source.answer(&[2; 32], &vec![[0; 32]; BATCH_MAX + 1]), Err(Refused::Count));
    assert_eq!(Asking::about(&[1; 32], []).unwrap_err(), Refused::Count);
    let long = "1".repeat(257);
    assert_eq!(Asking::about(&[1; 32], [(SharedKind::Phone, long.as_str())]).unwrap_err(), Refused::Value);
}

/// What crosses the wire says nothing: points that are others in each run, none of which a known hash gives.
#[test]
fn a_question_holds_blinded_points_only_and_no_two_are_alike() {
    let runs: Vec<Asking> = (1..=4).map(|seed| ask(seed, &PHONES)).collect();
    let mut seen = BTreeSet::new();
    for run in &runs {
        assert_eq!(run.message().len(), PHONES.len(), "one point for each value and nothing else");
        for point in run.message() {
            assert!(voprf::BlindedElement::<Ristretto255>::deserialize(point).is_ok(), "a point");
            assert!(seen.insert(*point), "two runs have a point in common");
        }
    }
    let sent: Vec<u8> = runs.iter().flat_map(|run| run.message().concat()).collect();
    let holds = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
    // The same blind must not stand on two values: then their quotient would be known.
    for value in PHONES {
        assert!(!holds(value.as_bytes()));
        let input = [b"tongbao list sharing 1\0phone\0", value.as_bytes()].concat();
        for hashed in [value.as_bytes(), &input] {
            assert!(!holds(&blake3::hash(hashed).as_bytes()[..8]));
            assert!(!holds(&blake3::keyed_hash(&source().public_key(), hashed).as_bytes()[..8]));
        }
        assert!(!holds(&source().token(SharedKind::Phone, value).unwrap().0[..8]));
    }
    // A source that knows the key and the value cannot tell either: the unblinded point is never sent.
    let unblinded = VoprfServer::<Ristretto255>::new_from_seed(&[9; 32], b"tongbao list sharing").unwrap();
    let output =
        unblinded.evaluate(&[b"tongbao list sharing 1\0phone\0", PHONES[0].as_bytes()].concat()).unwrap();
    assert!(!holds(&output[..8]));
}

/// Gives a scalar of the vectors where the library draws one: it takes 64 bytes and reduces them.
struct Fixed(Vec<[u8; 32]>);

impl RngCore for Fixed {
    fn next_u32(&mut self) -> u32 {
        unreachable!("scalars are drawn as bytes")
    }
    fn next_u64(&mut self) -> u64 {
        unreachable!("scalars are drawn as bytes")
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
        bytes[..32].copy_from_slice(&self.0.remove(0));
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Fixed {}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// RFC 9497, appendix A.1.2.1: ristretto255-SHA512, VOPRF mode, test vector 1.
#[test]
fn the_vector_of_the_standard_comes_out() {
    let scalar = |hex: &str| <[u8; 32]>::try_from(bytes(hex)).unwrap();
    let server = VoprfServer::<Ristretto255>::new_from_seed(&[0xa3; 32], b"test key").unwrap();
    let blind = scalar("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706");
    let blinded = VoprfClient::<Ristretto255>::blind(&[0], &mut Fixed(vec![blind])).unwrap();
    let message = "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945";
    assert_eq!(blinded.message.serialize().to_vec(), bytes(message));
    let chance = scalar("222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e");
    let answer = server.blind_evaluate(&mut Fixed(vec![chance]), &blinded.message);
    let element = "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e";
    assert_eq!(answer.message.serialize().to_vec(), bytes(element));
    let proof = "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06\
                 6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d";
    assert_eq!(answer.proof.serialize().to_vec(), bytes(proof));
    let output =
        blinded.state.finalize(&[0], &answer.message, &answer.proof, server.get_public_key()).unwrap();
    let expected = "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d\
                    a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c";
    assert_eq!(output.to_vec(), bytes(expected));
}

fn item(number: u32) -> Item {
    Item {
        token: Token([7; 32]),
        kind: SharedKind::Phone,
        number,
        blocks: true,
        category: "fraud".to_owned(),
        confidence: 90,
        evidence: Some("case-1".to_owned()),
        from_ms: 1,
        until_ms: Some(2),
        state: ItemState::Stands,
    }
}

fn chain(deltas: &[Delta]) -> Result<Chain, Broken> {
    deltas.iter().try_fold(Chain::default(), |chain, delta| chain.followed_by(delta))
}

fn deltas(count: u64) -> Vec<Delta> {
    let delta = |number: u64| Delta {
        number,
        at_ms: 5,
        items: (0..u32::try_from(number).unwrap()).map(item).collect(),
    };
    (1..=count).map(delta).collect()
}

#[test]
fn what_was_left_out_put_in_or_turned_round_is_noticed() {
    let good = deltas(4);
    let end = chain(&good).unwrap();
    let mut turned = good.clone();
    turned.swap(1, 2);
    assert_eq!(chain(&turned), Err(Broken));
    let mut without = good.clone();
    without.remove(1);
    assert_eq!(chain(&without), Err(Broken));
    assert_ne!(chain(&good[..3]).unwrap(), end, "a chain that was cut has another end");
    let alterations: [fn(&mut Item); 10] = [
        |item| item.token.0[0] ^= 1,
        |item| item.kind = SharedKind::Card,
        |item| item.number += 1,
        |item| item.blocks = false,
        |item| item.category.push('s'),
        |item| item.confidence += 1,
        |item| item.evidence = None,
        |item| item.from_ms += 1,
        |item| item.until_ms = None,
        |item| item.state = ItemState::Revoked,
    ];
    for alter in alterations {
        let mut altered = good.clone();
        alter(&mut altered[1].items[0]);
        assert_ne!(chain(&altered).unwrap(), end, "{:?}", altered[1].items[0]);
    }
    let mut later = good.clone();
    later[3].at_ms += 1;
    assert_ne!(chain(&later).unwrap(), end);
    assert_ne!(end.signed_bytes("north", 4, 1), end.signed_bytes("south", 4, 1));
    assert_ne!(end.signed_bytes("north", 4, 1), end.signed_bytes("north", 4, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Two sets meet exactly in what they have in common.
    #[test]
    fn the_intersection_is_found_and_nothing_else(
        theirs in prop::collection::btree_set(0_u32..40, 1..20),
        ours in prop::collection::btree_set(0_u32..40, 1..20),
        seed in any::<[u8; 32]>(),
    ) {
        let source = source();
        let name = |value: &u32| format!("1380000{value:04}");
        let listed: BTreeSet<Token> =
            theirs.iter().map(|value| source.token(SharedKind::Phone, &name(value)).unwrap()).collect();
        let names: Vec<String> = ours.iter().map(name).collect();
        let asking = Asking::about(&seed, names.iter().map(|name| (SharedKind::Phone, name.as_str()))).unwrap();
        let answer = source.answer(&seed, asking.message()).unwrap();
        let tokens = asking.tokens(&answer, &source.public_key()).unwrap();
        let found: BTreeSet<u32> =
            ours.iter().zip(tokens).filter(|(_, token)| listed.contains(token)).map(|(value, _)| *value).collect();
        prop_assert_eq!(found, ours.intersection(&theirs).copied().collect::<BTreeSet<u32>>());
    }
}
