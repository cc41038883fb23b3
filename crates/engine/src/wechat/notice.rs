//! Notifications of orders: sealed and signed anew for every attempt.

use std::sync::Arc;

use tongbao_channel::wechat::{
    envelope::{Draft, Nonce, Notification},
    error::{InternalCode, REQUEST_ID, request_id},
    signature::Probe,
};
use tongbao_core::{delivery::Delivery, event::Event, id::TypedId};
use tongbao_store::Fault;

use crate::Engine;

/// What a merchant of WeChat Pay's interface is told, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNotice {
    /// Whose order it is.
    pub mchid: String,
    /// Whether who placed the order verifies with the public key.
    pub by_public_key: bool,
    /// `TRANSACTION.SUCCESS`, `REFUND.SUCCESS`, …
    pub event_type: &'static str,
    /// A few Chinese words.
    pub summary: &'static str,
    /// What is inside, and the associated data: `transaction` or `refund`.
    pub original_type: &'static str,
    /// The order or refund, as JSON.
    pub plaintext: Vec<u8>,
}

/// Writes an event as a merchant of WeChat Pay's interface sees it; `None` if it is not about an order. The
/// door owns the wire form; the engine is given it.
pub type RenderOrderEvent = Arc<dyn Fn(&Engine, &Event) -> Option<OrderNotice> + Send + Sync>;

/// A notification, ready to be sent: headers and body.
pub(crate) struct Sealed {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// Seals and signs a notice. `None` when the merchant or the platform has no key for it: then nothing is sent.
pub(crate) async fn seal(
    engine: &Engine,
    delivery: &Delivery,
    event: &Event,
    notice: &OrderNotice,
) -> Result<Option<Sealed>, Fault> {
    let merchant = engine.wechat_merchant(&notice.mchid)?;
    let (Some(merchant), Some(platform)) = (merchant, engine.wechat_platform()?) else { return Ok(None) };
    let signer = platform.signer(merchant.record.key_mode, notice.by_public_key, engine.clock.world());
    let (Some(key), Some(signer)) = (&merchant.api_v3_key, signer) else { return Ok(None) };
    let draft = Draft {
        id: &event.id.uuid().to_string(),
        created: event.created_at,
        event_type: notice.event_type,
        summary: notice.summary,
        original_type: notice.original_type,
        associated_data: notice.original_type,
    };
    let [first, second]: [[u8; 16]; 2] = [engine.entropy.seed(), engine.entropy.seed()];
    let mut random = [0; 12];
    random.copy_from_slice(&first[..12]);
    let sealed = Notification::seal(&draft, key, Nonce::draw(random), &notice.plaintext);
    let body = sealed.map_err(|error| Fault::Broken(error.to_string()))?.to_json();
    let (mut headers, body) = engine.sign_wechat(signer, body).await?;
    if delivery.is_probe() {
        headers = headers.spoilt(Probe::Unreadable);
    }
    let mut pairs = headers.pairs().to_vec();
    pairs.push((REQUEST_ID, request_id(second, InternalCode::SUCCESS)));
    Ok(Some(Sealed { headers: pairs, body }))
}
