//! How apps of WeChat Pay's interface name payers.

use std::sync::Arc;

use tongbao_core::id::{PayerId, TypedId};
use tongbao_engine::{Engine, Mode};
use tongbao_store::model::ModelStore;
use uuid::Uuid;

const APPID: &str = "wx0000000000000001";

fn engine(master_key: u8) -> Engine {
    Engine::new(Arc::new(ModelStore::default()), Mode::Sandbox, &[master_key; 32])
        .expect("a store in memory opens")
}

#[test]
fn an_openid_leads_back_to_its_payer_for_its_own_app_only() {
    let (ours, theirs) = (engine(1), engine(2));
    for number in [0, 1, u128::MAX] {
        let payer = PayerId::from_uuid(Uuid::from_u128(number));
        let openid = ours.wechat_openid(APPID, payer);
        assert!(openid.len() == 28 && openid.starts_with('o'), "{openid}");
        assert_eq!(openid, ours.wechat_openid(APPID, payer), "always the same");
        assert_eq!(ours.wechat_payer(APPID, &openid), Some(payer));
        assert_ne!(openid, ours.wechat_openid("wx2", payer));
        assert_eq!(ours.wechat_payer("wx2", &openid), None);
        assert_eq!(theirs.wechat_payer(APPID, &openid), None);
    }
}

#[test]
fn an_openid_that_was_altered_or_made_up_names_nobody() {
    let engine = engine(1);
    let openid = engine.wechat_openid(APPID, PayerId::from_uuid(Uuid::from_u128(7)));
    for at in 0..openid.len() {
        let mut altered = openid.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(engine.wechat_payer(APPID, &altered), None, "{altered}");
    }
    for made_up in ["", "o", "oNobody", &openid[1..], &openid[..27], &format!("{openid}A"), "o你好"] {
        assert_eq!(engine.wechat_payer(APPID, made_up), None, "{made_up}");
    }
}
