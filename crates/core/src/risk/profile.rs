//! What is remembered of an entity for decisions about risk, as a record.
//!
//! **Invariants.** An entity has one profile, whose id has the entity's own UUID, so it is found without a key. It
//! changes in the commit of what it remembers ([`super::follow`]), and only there.
//!
//! **Absent on purpose:** what is remembered and how; that is `tongbao_risk::profile`.

use serde::{Deserialize, Serialize};
use tongbao_risk::{
    features::EntityId,
    profile::{Deed, Profile},
};

use crate::{
    Facts, Id, Lookup, Time,
    id::{RiskProfileId, TypedId},
};

/// What is remembered of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskProfile {
    /// Its id: the kind of a profile, and the UUID of the entity.
    pub id: RiskProfileId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub of: Id,
    /// What is remembered.
    #[serde(with = "compact")]
    pub profile: Profile,
}

impl RiskProfile {
    /// The id of an entity's profile.
    pub fn id_of(entity: Id) -> RiskProfileId {
        RiskProfileId::from_uuid(entity.uuid)
    }

    /// The profile of an entity, if anything is remembered of it.
    pub fn find(facts: &dyn Facts, entity: Id) -> Lookup<Option<&RiskProfile>> {
        facts.get::<RiskProfile>(RiskProfile::id_of(entity))
    }

    /// The profile as it is after this deed; of an entity of which nothing was remembered, its first.
    pub(super) fn after(before: Option<&RiskProfile>, of: Id, at: Time, deed: &Deed) -> RiskProfile {
        let fresh =
            || RiskProfile { id: RiskProfile::id_of(of), version: 0, of, profile: Profile::default() };
        let mut next = before.cloned().unwrap_or_else(fresh);
        next.version = before.map_or(0, |before| before.version).saturating_add(1);
        next.profile.add(seconds(at), deed);
        next
    }
}

/// An entity as risk control names it.
pub(super) fn entity(id: Id) -> EntityId {
    EntityId(id.uuid.as_u128())
}

/// Seconds since 1970.
pub(super) fn seconds(at: Time) -> i64 {
    at.ms().div_euclid(1_000)
}

/// A profile as bytes without the names of its fields: a third of the size.
mod compact {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use serde_bytes::ByteBuf;
    use tongbao_risk::profile::Profile;

    pub(super) fn serialize<S: Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&rmp_serde::to_vec(profile).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
        rmp_serde::from_slice(&ByteBuf::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
