//! `tongbao wechat rotate-platform` and `switch-platform`: the certificate after the present one (平台证书).
//!
//! A new certificate is listed at `/v3/certificates` at once and signs in the last five days of the present one, or as
//! soon as it is told to take over. Merchants download the list in between.

use std::sync::Arc;

use tongbao_channel::wechat::time::rfc3339;
use tongbao_core::{
    Key,
    wechat::{WechatPlatform, platform},
};
use tongbao_engine::Engine;

use super::input;
use crate::output::{self, Failure};

fn present(engine: &Engine) -> Result<WechatPlatform, Failure> {
    let found = engine.store.find::<WechatPlatform>(Key::WechatPlatform)?;
    found.ok_or_else(|| "the platform has no keys yet; enroll a merchant first".into())
}

/// Adds the certificate that follows.
pub(super) async fn rotate(engine: &Arc<Engine>) -> Result<(), Failure> {
    present(engine)?;
    let next = engine.rotate_wechat_platform(input("rotate_wechat_platform")).await?;
    output::line(format_args!("serial number {}", next.serial))?;
    if let Some(signs) = present(engine)?.signs_at(engine.clock.world()) {
        let takes_over = signs.not_after.plus_ms(-platform::LAST_DAYS_MS);
        output::note(format_args!(
            "It is listed from now on. {} signs until {}, or until `tongbao wechat switch-platform`.",
            signs.serial,
            rfc3339(takes_over)
        ));
    }
    Ok(())
}

/// Lets the newest certificate take over.
pub(super) async fn switch(engine: &Arc<Engine>) -> Result<(), Failure> {
    engine.switch_wechat_platform(input("switch_wechat_platform")).await?;
    let serial =
        present(engine)?.signs_at(engine.clock.world()).map(|signs| signs.serial.clone()).unwrap_or_default();
    output::line(format_args!("{serial} signs from now on"))
}
