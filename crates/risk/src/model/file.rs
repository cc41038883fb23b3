//! A model as JSON: what it was trained on, its trees, its calibration, and a checksum.
//!
//! A file that was damaged, changed by hand or trained on other features is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    calibration::Calibration,
    tree::{Branch, Model},
};
use crate::features::{FEATURES, definition_hash};

/// The version of this form.
const FORMAT: u32 = 1;

/// The most branches of all trees together: a million is a thousand times what a usual model has.
const BRANCHES_MAX: usize = 1_000_000;

/// Why a file is no model.
#[derive(Debug)]
pub enum Unreadable {
    /// It is not the JSON of a model.
    Json(serde_json::Error),
    /// It has another form than this program knows.
    Format(u32),
    /// It was trained on other features: their hash, and that of the features here.
    OtherFeatures(String),
    /// What it says does not have the checksum that it says.
    Checksum,
    /// A tree leads nowhere, back, or asks for a feature that there is not.
    Tree(usize),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Json(error) => write!(formatter, "this is not a model: {error}"),
            Unreadable::Format(format) => {
                write!(formatter, "this model has the form {format}; this program reads form {FORMAT}")
            }
            Unreadable::OtherFeatures(hash) => {
                let ours = definition_hash();
                write!(
                    formatter,
                    "this model was trained on features {hash}, these are {ours}; train it again"
                )
            }
            Unreadable::Checksum => {
                formatter.write_str("this model was changed after it was trained: its checksum differs")
            }
            Unreadable::Tree(number) => write!(formatter, "tree {number} of this model is not a tree"),
        }
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Unreadable::Json(error) = self { Some(error) } else { None }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    format: u32,
    checksum: String,
    model: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    features_hash: String,
    base_micro: i64,
    calibration: Calibration,
    trees: Vec<Vec<Place>>,
}

/// A branch: number of the feature, the threshold's bits, the place of the left branch, the value. Of a leaf, the
/// value.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Place {
    Split(u16, u32, u32, i32),
    Leaf(i32),
}

impl Model {
    /// The model as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let place = |branch: &Branch| {
            if branch.is_leaf() {
                Place::Leaf(branch.value)
            } else {
                Place::Split(branch.feature, branch.threshold.to_bits(), branch.next, branch.value)
            }
        };
        let trees = self.trees.iter().map(|tree| tree.iter().map(place).collect()).collect();
        let features_hash = definition_hash().to_owned();
        let model = Body { features_hash, base_micro: self.base, calibration: self.calibration, trees };
        let form = Form { format: FORMAT, checksum: checksum(&model), model };
        serde_json::to_string(&form).expect("numbers and texts are always JSON")
    }

    /// Reads what [`Model::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Model, Unreadable> {
        let form: Form = serde_json::from_str(text).map_err(Unreadable::Json)?;
        if form.format != FORMAT {
            return Err(Unreadable::Format(form.format));
        }
        if checksum(&form.model) != form.checksum {
            return Err(Unreadable::Checksum);
        }
        if form.model.features_hash != definition_hash() {
            return Err(Unreadable::OtherFeatures(form.model.features_hash));
        }
        let mut left = BRANCHES_MAX;
        let mut trees = Vec::with_capacity(form.model.trees.len());
        for (number, tree) in form.model.trees.iter().enumerate() {
            left = left.checked_sub(tree.len()).ok_or(Unreadable::Tree(number))?;
            trees.push(read(tree).ok_or(Unreadable::Tree(number))?);
        }
        Ok(Model::of(form.model.base_micro, trees, form.model.calibration))
    }
}

/// The branches of a tree; `None` if one leads out of it or back.
fn read(tree: &[Place]) -> Option<Vec<Branch>> {
    if tree.is_empty() {
        return None;
    }
    let branch = |(number, place): (usize, &Place)| match *place {
        Place::Leaf(value) => Some(Branch::leaf(value)),
        Place::Split(feature, bits, next, value) => {
            let mut branch = Branch::leaf(value);
            let (threshold, left) = (f32::from_bits(bits), usize::try_from(next).ok()?);
            let is_whole = left > number && left < tree.len().checked_sub(1)?;
            let is_sound = is_whole && threshold.is_finite() && usize::from(feature) < FEATURES;
            branch.split(usize::from(feature), threshold, left);
            is_sound.then_some(branch)
        }
    };
    tree.iter().enumerate().map(branch).collect()
}

/// The BLAKE3 of the model's JSON.
fn checksum(body: &Body) -> String {
    let text = serde_json::to_string(body).expect("numbers and texts are always JSON");
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
