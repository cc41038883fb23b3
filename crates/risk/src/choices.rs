//! The enumerations that rules speak of: what is asked for, where, how it is paid, for what, by whom.
//!
//! **Invariant.** The names are those of the rule language, in the order of the values.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $value,)+ }

        impl $name {
            /// All of them.
            pub const ALL: [$name; [$($text),+].len()] = [$($name::$value),+];
            /// Their names in rules.
            pub const NAMES: [&'static str; Self::ALL.len()] = [$($text),+];

            /// Its name in rules.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$value => $text,)+ }
            }

            /// The one of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<$name> {
                Self::ALL.into_iter().find(|known| known.name() == name)
            }
        }
    };
}

choices! {
    /// What is asked for.
    Operation {
        /// A payment to a merchant.
        Payment = "payment",
        /// A transfer to another payer.
        Transfer = "transfer",
        /// A withdrawal to a card.
        Withdrawal = "withdrawal",
        /// A top-up from a card.
        TopUp = "top_up",
        /// A red packet.
        RedPacket = "red_packet",
        /// A sign-in.
        SignIn = "sign_in",
    }
}

choices! {
    /// Where the payer is.
    Scene {
        /// On a page in a browser.
        Web = "web",
        /// In an app.
        App = "app",
        /// In a mini-program.
        MiniProgram = "mini_program",
        /// At a till, showing a payment code.
        PaymentCode = "payment_code",
        /// Before a collection code.
        StaticCode = "static_code",
    }
}

choices! {
    /// How it is paid.
    Means {
        /// From the balance.
        Balance = "balance",
        /// By a debit card.
        DebitCard = "debit_card",
        /// By a credit card.
        CreditCard = "credit_card",
        /// Through a channel where the payer chooses.
        Channel = "channel",
    }
}

choices! {
    /// What the payee deals in.
    Category {
        /// Anything.
        General = "general",
        /// Food.
        Food = "food",
        /// Travel.
        Travel = "travel",
        /// Games.
        Game = "game",
        /// Blind boxes: what is in it is a matter of luck.
        BlindBox = "blind_box",
        /// What is delivered at once over the network.
        VirtualGoods = "virtual_goods",
        /// Prepaid cards.
        PrepaidCard = "prepaid_card",
        /// Jewellery.
        Jewellery = "jewellery",
    }
}

choices! {
    /// The payer's identity level.
    Level {
        /// I: one source.
        One = "one",
        /// II: three.
        Two = "two",
        /// III: five.
        Three = "three",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_value() {
        assert!(Operation::ALL.iter().all(|value| Operation::named(value.name()) == Some(*value)));
        assert!(Category::ALL.iter().all(|value| Category::named(value.name()) == Some(*value)));
        assert_eq!(Scene::named("moon"), None);
    }
}
