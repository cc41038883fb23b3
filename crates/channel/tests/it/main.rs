//! The channels' dialects against published vectors, hostile texts and an independent implementation.
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

mod wechat_answer;
mod wechat_authority;
mod wechat_authorization;
mod wechat_bill;
mod wechat_doctor;
mod wechat_envelope;
mod wechat_error;
mod wechat_names;
mod wechat_openssl;
mod wechat_samples;
mod wechat_sensitive;
mod wechat_signature;
