//! `POST /sandbox/wechat/platform-certificate`: the platform's certificate is replaced while the sandbox runs, as
//! `tongbao wechat rotate-platform` and `switch-platform` do with a stopped instance.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{Actor, Key, Refusal, wechat::WechatPlatform};
use tongbao_engine::Input;

use crate::{
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    state::Api,
};

/// What is done.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// The next certificate is made and listed.
    Rotate,
    /// The newest one signs from now on.
    Switch,
}

/// Which step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplaceCertificate {
    step: Step,
}

/// The platform's certificates afterwards.
#[derive(Debug, Serialize)]
struct PlatformCertificatesBody {
    /// The serial number of the one that signs.
    signs: Option<String>,
    /// Those of all in `/v3/certificates`, oldest first.
    listed: Vec<String>,
}

impl PlatformCertificatesBody {
    fn of(api: &Api) -> Result<PlatformCertificatesBody, Problem> {
        let found =
            api.engine.store.find::<WechatPlatform>(Key::WechatPlatform).map_err(|error| fault(&error))?;
        let platform = found.ok_or_else(|| refused(&Refusal::NotFound("WeChat Pay platform")))?;
        let world = api.engine.clock.world();
        let valid = platform.certificates.iter().filter(|known| world <= known.not_after);
        Ok(PlatformCertificatesBody {
            signs: platform.signs_at(world).map(|known| known.serial.clone()),
            listed: valid.map(|known| known.serial.clone()).collect(),
        })
    }
}

pub(super) async fn replace(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<ReplaceCertificate>,
) -> Result<Response, Problem> {
    let input = |name| Input { actor: Actor::Developer, name };
    match value.step {
        Step::Rotate => api.engine.rotate_wechat_platform(input("rotate_wechat_platform")).await.map(drop),
        Step::Switch => api.engine.switch_wechat_platform(input("switch_wechat_platform")).await,
    }
    .map_err(|error| failed(&error))?;
    Ok(axum::Json(PlatformCertificatesBody::of(&api)?).into_response())
}
