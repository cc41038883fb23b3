//! Models: what they learn, that they learn it twice, and that their parts are the whole.
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::OnceLock;

use serde_json::Value;
use tongbao_risk::{
    evaluation::{area_under_curve, average_precision},
    features::{FEATURES, Vector, labelled},
    generator::{Made, World},
    model::{Calibration, Model, Settings, Unreadable, Untrainable, shipped, train},
};

const DELAY_S: u32 = 7 * 86_400;

/// The features and labels of a small world, the first days left out.
fn rows(seed: u64) -> (Vec<Vector>, Vec<bool>) {
    let made = World { payers: 400, payees: 800, days: 50, seed }.payments();
    let vectors = labelled(made.iter().map(|made| (made.payment, made.is_fraud())), DELAY_S);
    let half = made.len() / 2;
    vectors.zip(made.iter().map(Made::is_fraud)).skip(half).unzip()
}

fn settings() -> Settings {
    Settings { trees: 30, bins: 256, learning_rate: 0.1, ..Settings::default() }
}

/// A model of the first world, trained once for all tests.
fn model() -> &'static (Model, Vec<Vector>, Vec<bool>) {
    static MODEL: OnceLock<(Model, Vec<Vector>, Vec<bool>)> = OnceLock::new();
    MODEL.get_or_init(|| {
        let (vectors, frauds) = rows(1);
        (train(&vectors, &frauds, &settings(), &mut |_| {}).unwrap(), vectors, frauds)
    })
}

#[test]
fn training_twice_gives_equal_bytes_and_another_seed_others() {
    let (first, vectors, frauds) = model();
    let again = train(vectors, frauds, &settings(), &mut |_| {}).unwrap();
    assert_eq!(first.to_json(), again.to_json());
    let other = train(vectors, frauds, &Settings { seed: 2, ..settings() }, &mut |_| {}).unwrap();
    assert_ne!(first.to_json(), other.to_json());
}

#[test]
fn contributions_add_up_to_the_score_exactly() {
    let (model, vectors, _) = model();
    for vector in vectors.iter().step_by(7) {
        let parts = model.contributions(vector);
        assert_eq!(model.base() + parts.iter().sum::<i64>(), model.log_odds(vector));
    }
}

/// Walks the trees of a model's JSON, one by one.
fn walk(json: &Value, vector: &Vector) -> i64 {
    let whole = |value: &Value| value.as_i64().unwrap();
    let mut sum = whole(&json["model"]["base_micro"]);
    for tree in json["model"]["trees"].as_array().unwrap() {
        let mut at = 0;
        while let Some(split) = tree[at].as_array() {
            let threshold = f32::from_bits(u32::try_from(whole(&split[1])).unwrap());
            let feature = usize::try_from(whole(&split[0])).unwrap();
            at = usize::try_from(whole(&split[2])).unwrap() + usize::from(vector[feature] > threshold);
        }
        sum += whole(&tree[at]);
    }
    sum
}

#[test]
fn the_quick_score_equals_a_plain_walk_over_the_file() {
    let (model, vectors, _) = model();
    let json: Value = serde_json::from_str(&model.to_json()).unwrap();
    for vector in vectors.iter().step_by(11) {
        assert_eq!(model.log_odds(vector), walk(&json, vector));
    }
    for strange in [f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0] {
        let vector = [strange; FEATURES];
        assert_eq!(model.log_odds(&vector), walk(&json, &vector), "{strange}");
    }
}

#[test]
fn a_model_finds_frauds_that_it_has_not_seen() {
    let (model, ..) = model();
    let (vectors, frauds) = rows(2);
    let scored: Vec<(i64, bool, i64)> =
        vectors.iter().zip(&frauds).map(|(vector, fraud)| (model.log_odds(vector), *fraud, 1)).collect();
    let (area, precision) = (area_under_curve(&scored), average_precision(&scored));
    assert!(area > 0.8 && precision > 0.5, "{area} {precision}");
}

#[test]
fn a_model_survives_its_file() {
    let (model, vectors, frauds) = model();
    let scored: Vec<(i64, bool)> =
        vectors.iter().zip(frauds).map(|(vector, fraud)| (model.log_odds(vector), *fraud)).collect();
    let model = model.clone().calibrated(Calibration::fit(&scored));
    let read = Model::from_json(&model.to_json()).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.score(&vectors[0]), model.score(&vectors[0]));
}

#[track_caller]
fn check_refused(change: impl Fn(&mut Value), expected: &str) {
    let mut json: Value = serde_json::from_str(&model().0.to_json()).unwrap();
    change(&mut json);
    let refused = Model::from_json(&json.to_string()).unwrap_err().to_string();
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn files_that_are_not_what_was_trained_are_refused() {
    assert!(matches!(Model::from_json("{}"), Err(Unreadable::Json(_))));
    check_refused(|json| json["format"] = 2.into(), "form 2");
    check_refused(|json| json["model"]["base_micro"] = 0.into(), "checksum");
    check_refused(|json| json["checksum"] = "0".into(), "checksum");
    let sealed = |json: &mut Value, change: fn(&mut Value)| {
        change(&mut json["model"]);
        let body = format!(
            r#"{{"features_hash":{},"base_micro":{},"calibration":{{"slope_micro":{},"offset_micro":{}}},"trees":{}}}"#,
            json["model"]["features_hash"],
            json["model"]["base_micro"],
            json["model"]["calibration"]["slope_micro"],
            json["model"]["calibration"]["offset_micro"],
            json["model"]["trees"],
        );
        json["checksum"] = blake3::hash(body.as_bytes()).to_hex().to_string().into();
    };
    check_refused(|json| sealed(json, |body| body["features_hash"] = "f00d".into()), "features f00d");
    check_refused(|json| sealed(json, |body| body["trees"][0] = serde_json::json!([])), "tree 0");
    check_refused(|json| sealed(json, |body| body["trees"][1][0][0] = 99.into()), "tree 1");
    check_refused(|json| sealed(json, |body| body["trees"][1][0][2] = 0.into()), "tree 1");
    check_refused(|json| sealed(json, |body| body["trees"][1][0][2] = 4_000_000.into()), "tree 1");
}

#[test]
fn nothing_is_learned_where_there_is_nothing_to_learn() {
    let vectors = vec![[0.0; FEATURES]; 4];
    let settings = Settings { rows_percent: 100, ..settings() };
    let of = |frauds: &[bool]| train(&vectors, frauds, &settings, &mut |_| {});
    assert_eq!(of(&[true; 3]).unwrap_err(), Untrainable::Lengths);
    assert_eq!(of(&[false; 4]).unwrap_err(), Untrainable::OneKind);
    assert_eq!(of(&[true; 4]).unwrap_err(), Untrainable::OneKind);
    // All payments look alike: the score is the share of frauds, whatever is asked.
    let flat = of(&[true, false, false, false]).unwrap();
    assert_eq!(flat.score(&vectors[0]), 250);
    assert_eq!(flat.contributions(&vectors[0]), [0; FEATURES]);
}

#[test]
fn the_shipped_model_finds_frauds_of_a_world_it_has_not_seen() {
    let model = shipped().unwrap();
    assert_eq!(model.trees(), 300);
    let (vectors, frauds) = rows(7);
    let scored: Vec<(i64, bool, i64)> =
        vectors.iter().zip(&frauds).map(|(vector, fraud)| (model.log_odds(vector), *fraud, 1)).collect();
    let (area, precision) = (area_under_curve(&scored), average_precision(&scored));
    assert!(area > 0.85 && precision > 0.6, "{area} {precision}");
    // Of what scores 900 and more, four in five are fraud at least.
    let high = vectors.iter().zip(&frauds).filter(|(vector, _)| model.score(vector) >= 900);
    let (all, caught) =
        high.fold((0, 0), |(all, caught), (_, fraud)| (all + 1, caught + usize::from(*fraud)));
    assert!(all > 10 && caught * 5 > all * 4, "{caught} of {all}");
}
