//! Payment passwords, right and wrong.

use std::sync::Arc;

use tongbao_core::{
    Actor, Refusal,
    payer::{self, Payer},
};
use tongbao_engine::{Engine, Error, Input, Mode};
use tongbao_store::model::ModelStore;

const PASSWORD: &str = "135790";

#[tokio::test]
async fn wrong_passwords_are_counted_down_to_the_lock() {
    let engine = Engine::new(Arc::new(ModelStore::default()), Mode::Production, &[7; 32]).unwrap();
    let new = engine.new_payer("17000000001", PASSWORD);
    let input = Input { actor: Actor::Operator, name: "create_payer" };
    let id = engine.step(input, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
    let mut told = Vec::new();
    for password in ["1", "2", "3", "4", "5", PASSWORD] {
        let Err(Error::Refused(refusal)) = engine.prove_password(id, password.to_owned()).await else {
            panic!("{password} was taken");
        };
        told.push(match refusal {
            Refusal::WrongPassword { tries_left } => tries_left,
            Refusal::PasswordLocked { until } => {
                assert_eq!(engine.store.get::<Payer>(id).unwrap().unwrap().locked_until, Some(until));
                0
            }
            other => panic!("{other}"),
        });
    }
    assert_eq!(told, [4, 3, 2, 1, 0, 0]);
}
