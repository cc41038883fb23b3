//! The platform certificate after the present one (平台证书轮换): made and listed first, then let take over.
//!
//! Both steps are one decision each in the core. Between them merchants download the list: whoever has not when the new
//! one takes over cannot verify.

use std::sync::Arc;

use tongbao_core::{
    Facts, Key, Refusal,
    wechat::{
        WechatPlatform,
        platform::{self, PlatformCertificate},
    },
};
use tongbao_store::Fault;

use super::found::authority_name;
use crate::{Engine, Error, Input};

impl Engine {
    /// Adds the certificate that follows, and gives it. It is listed from now on, and does not sign yet.
    pub async fn rotate_wechat_platform(
        self: &Arc<Engine>,
        input: Input,
    ) -> Result<PlatformCertificate, Error> {
        let engine = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            let present = engine.store.find::<WechatPlatform>(Key::WechatPlatform)?;
            let present = present.ok_or(Error::Refused(Refusal::NotFound("WeChat Pay platform")))?;
            let authority = engine.wechat_authority(&present)?;
            let made = engine.next_wechat_certificate(&authority, authority_name(engine.mode));
            made.map_err(|error| Error::from(Fault::Broken(format!("the next certificate: {error}"))))
        });
        let next = made.await.map_err(|_| Fault::Broken("making a certificate panicked".to_owned()))??;
        let (kept, world) = (next.clone(), self.clock.world());
        let add = move |facts: &dyn Facts, _: &mut _| platform::add_certificate(facts, world, &kept);
        self.run(input, add).await?;
        self.forget_wechat_platform();
        Ok(next)
    }

    /// Lets the newest certificate sign from now on. The others stay in the list.
    pub async fn switch_wechat_platform(self: &Arc<Engine>, input: Input) -> Result<(), Error> {
        let world = self.clock.world();
        let switch = move |facts: &dyn Facts, _: &mut _| platform::switch_certificate(facts, world);
        self.run(input, switch).await?;
        self.forget_wechat_platform();
        Ok(())
    }
}
