//! From tokens to a syntax tree, by descent.
//!
//! **Invariants.** No text makes it panic or go deeper than [`DEPTH_MAX`]; a tree has at most [`PARTS_MAX`] parts.

use super::{
    lexer::{Token, tokens},
    syntax::{Argument, Comparison, Expression, Literal, Node, Operator, Rule, Span, strength},
};
use crate::rule::{
    action::{Action, Proof},
    diagnostic::{Code, Diagnostic},
    nearest::nearest,
};

/// Bytes of a rule. The longest that is shipped has 300.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// How deep parentheses, `not` and signs may stand within each other.
pub const DEPTH_MAX: usize = 24;
/// Parts of a condition: operands and operators together.
pub const PARTS_MAX: usize = 256;
/// Values of a list. A longer one belongs into a named list.
pub const LIST_MAX: usize = 64;
/// Characters of the code of a reason.
pub const REASON_CHARS_MAX: usize = 48;

/// Words that are no names.
pub(crate) const KEYWORDS: [&str; 13] = [
    "when",
    "then",
    "reason",
    "and",
    "or",
    "not",
    "in",
    "otherwise",
    "known",
    "true",
    "false",
    "yuan",
    "fen",
];

/// Reads a whole rule.
pub fn parse(text: &str) -> Result<Rule, Diagnostic> {
    let mut parser = Parser::new(text)?;
    parser.keyword("when")?;
    let when = parser.expression(0)?;
    parser.keyword("then")?;
    let then = parser.action()?;
    parser.keyword("reason")?;
    let reason = parser.reason()?;
    parser.end()?;
    Ok(Rule { when, then, reason })
}

/// Reads a condition, a name or a literal that stands alone.
pub fn parse_expression(text: &str) -> Result<Expression, Diagnostic> {
    let mut parser = Parser::new(text)?;
    let expression = parser.expression(0)?;
    parser.end()?;
    Ok(expression)
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    parts: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Parser, Diagnostic> {
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("the text has {} bytes, {TEXT_BYTES_MAX} are allowed", text.len());
            let span = Span { start: TEXT_BYTES_MAX, end: TEXT_BYTES_MAX };
            return Err(Diagnostic::new(Code::TooLong, span, message).help("make several rules of it"));
        }
        Ok(Parser { tokens: tokens(text)?, at: 0, depth: 0, parts: 0 })
    }

    fn peek(&self) -> (&Token, Span) {
        self.tokens.get(self.at).map_or((&Token::End, Span::default()), |(token, span)| (token, *span))
    }

    fn next(&mut self) -> (Token, Span) {
        let (token, span) = self.peek();
        let next = (token.clone(), span);
        self.at = self.at.saturating_add(1).min(self.tokens.len().saturating_sub(1));
        next
    }

    fn take(&mut self, wanted: &Token) -> Option<Span> {
        let (token, span) = self.peek();
        let fits = token == wanted;
        if fits {
            self.next();
        }
        fits.then_some(span)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek().0, Token::Word(found) if found == word)
    }

    fn expected(&self, what: &str) -> Diagnostic {
        let (token, span) = self.peek();
        let found = match token {
            Token::End => "the text ends".to_owned(),
            Token::Word(word) | Token::Capitals(word) => format!("`{word}`"),
            Token::Int(_) | Token::Decimal(_) => "a number".to_owned(),
            Token::Duration(_) => "a time span".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
        };
        Diagnostic::new(Code::Unexpected, span, format!("{found} where {what} is expected"))
    }

    fn keyword(&mut self, word: &str) -> Result<(), Diagnostic> {
        if self.is_word(word) {
            self.next();
            return Ok(());
        }
        let near = matches!(self.peek().0, Token::Word(found) if nearest(found, [word]).is_some());
        let wrong = self.expected(&format!("`{word}`"));
        let shape = "a rule is `when … then … reason CODE`";
        Err(wrong.help(if near { format!("did you mean `{word}`?") } else { shape.to_owned() }))
    }

    fn sign(&mut self, sign: &'static str) -> Result<Span, Diagnostic> {
        self.take(&Token::Sign(sign)).ok_or_else(|| self.expected(&format!("`{sign}`")))
    }

    fn end(&mut self) -> Result<(), Diagnostic> {
        self.take(&Token::End).map(|_| ()).ok_or_else(|| self.expected("the end"))
    }

    fn part(&mut self, span: Span, node: Node) -> Result<Expression, Diagnostic> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > PARTS_MAX {
            let message = format!("a condition has at most {PARTS_MAX} parts");
            return Err(Diagnostic::new(Code::TooManyParts, span, message).help("make several rules of it"));
        }
        Ok(Expression { span, node })
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Parser) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} parentheses, `not` or signs within each other");
            return Err(
                Diagnostic::new(Code::TooDeep, self.peek().1, message).help("make several rules of it")
            );
        }
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        read
    }

    /// Reads operators that bind at least as strongly as `least`, and their operands.
    fn expression(&mut self, least: u8) -> Result<Expression, Diagnostic> {
        let mut left = self.prefix(least)?;
        loop {
            let list = self.membership(least);
            if let Some(negated) = list {
                left = self.list(left, negated)?;
                self.refuse_chain(strength::COMPARISON)?;
                continue;
            }
            let Some(operator) = self.operator().filter(|operator| operator.strength() >= least) else {
                return Ok(left);
            };
            self.next();
            let strength = operator.strength();
            let right = self.expression(strength.saturating_add(1))?;
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let span = left_box.span.to(right_box.span);
            left = self.part(span, Node::Binary { operator, left: left_box, right: right_box })?;
            if !operator.chains() {
                self.refuse_chain(strength)?;
            }
        }
    }

    fn operator(&self) -> Option<Operator> {
        let sign = match self.peek().0 {
            Token::Sign(sign) => sign,
            Token::Word(word) => word.as_str(),
            _ => return None,
        };
        let others = [
            Operator::Or,
            Operator::And,
            Operator::Otherwise,
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
            Operator::Remainder,
        ];
        let comparisons = Comparison::ALL.into_iter().map(Operator::Compare);
        others.into_iter().chain(comparisons).find(|operator| operator.sign() == sign)
    }

    /// Whether `in` (`Some(false)`) or `not in` (`Some(true)`) comes next; reads it.
    fn membership(&mut self, least: u8) -> Option<bool> {
        if least > strength::COMPARISON {
            return None;
        }
        let next = self.tokens.get(self.at.saturating_add(1)).map(|(token, _)| token);
        let negated = self.is_word("not") && matches!(next, Some(Token::Word(word)) if word == "in");
        if negated {
            self.next();
        }
        if negated || self.is_word("in") {
            self.next();
            return Some(negated);
        }
        None
    }

    /// A second comparison behind the first, which would compare a yes or no with a number.
    fn refuse_chain(&self, strength: u8) -> Result<(), Diagnostic> {
        let again = self.operator().filter(|operator| operator.strength() == strength);
        // Behind an operand, `not` can only be the first word of `not in`.
        let list = strength == strength::COMPARISON && (self.is_word("in") || self.is_word("not"));
        if again.is_none() && !list {
            return Ok(());
        }
        let wrong =
            Diagnostic::new(Code::ChainedComparison, self.peek().1, "a second comparison behind the first");
        Err(match again {
            Some(Operator::Otherwise) => {
                Diagnostic::new(Code::Unexpected, self.peek().1, "a second `otherwise` behind the first")
                    .help("put parentheses around the first")
            }
            _ => wrong.help("write `a < b and b < c`"),
        })
    }

    fn list(&mut self, subject: Expression, negated: bool) -> Result<Expression, Diagnostic> {
        self.sign("[")?;
        let mut list = Vec::new();
        loop {
            if list.len() >= LIST_MAX {
                let message = format!("a list has at most {LIST_MAX} values");
                return Err(Diagnostic::new(Code::TooManyParts, self.peek().1, message)
                    .help("what grows belongs into a named list, as in `listed(payee, watch)`"));
            }
            list.push(self.prefix(strength::NEGATE)?);
            if self.take(&Token::Sign(",")).is_none() {
                break;
            }
        }
        let end = self.sign("]")?;
        let span = subject.span.to(end);
        self.part(span, Node::In { subject: Box::new(subject), negated, list })
    }

    fn prefix(&mut self, least: u8) -> Result<Expression, Diagnostic> {
        let (token, span) = self.peek();
        match token {
            Token::Word(word) if word == "not" && least <= strength::NOT => {
                self.next();
                let inner = self.deeper(|parser| parser.expression(strength::NOT))?;
                self.part(span.to(inner.span), Node::Not(Box::new(inner)))
            }
            Token::Sign("-") => {
                self.next();
                let inner = self.deeper(Parser::primary)?;
                self.part(span.to(inner.span), Node::Negate(Box::new(inner)))
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Expression, Diagnostic> {
        let wrong = self.expected("a name or a value");
        let (token, span) = self.next();
        let literal = |literal| Node::Literal(literal);
        match token {
            Token::Int(number) => self.part(span, literal(Literal::Int(number))),
            Token::Decimal(written) => {
                let number = written.parse().map_err(|_| wrong)?;
                self.part(span, literal(Literal::Float(number)))
            }
            Token::Duration(s) => self.part(span, literal(Literal::Duration(s))),
            Token::Sign("(") => {
                let inner = self.deeper(|parser| parser.expression(0))?;
                let end = self.sign(")")?;
                Ok(Expression { span: span.to(end), node: inner.node })
            }
            Token::Word(word) => match word.as_str() {
                "true" => self.part(span, literal(Literal::Bool(true))),
                "false" => self.part(span, literal(Literal::Bool(false))),
                "yuan" | "fen" => self.money(span, &word),
                "known" => {
                    self.sign("(")?;
                    let inner = self.deeper(|parser| parser.expression(0))?;
                    let end = self.sign(")")?;
                    self.part(span.to(end), Node::Known(Box::new(inner)))
                }
                "not" => Err(wrong.help("put parentheses around what begins with `not`")),
                keyword if KEYWORDS.contains(&keyword) => Err(wrong),
                _ => self.name(span, word),
            },
            Token::Capitals(word) => {
                Err(wrong.help(format!("names are written small: `{}`", word.to_ascii_lowercase())))
            }
            Token::Sign("[") => Err(wrong.help("a list stands behind `in`, as in `hour in [0, 1, 2]`")),
            Token::Sign(_) | Token::End => Err(wrong),
        }
    }

    fn name(&mut self, span: Span, name: String) -> Result<Expression, Diagnostic> {
        if self.take(&Token::Sign("(")).is_none() {
            return self.part(span, Node::Name(name));
        }
        let mut arguments = Vec::new();
        loop {
            let wrong = self.expected("an argument, as in `payer` or `1h`,");
            arguments.push(match self.next().0 {
                Token::Word(word) if !KEYWORDS.contains(&word.as_str()) => Argument::Word(word),
                Token::Duration(s) => Argument::Window(s),
                _ => return Err(wrong),
            });
            if arguments.len() > PARTS_MAX {
                let message = format!("a condition has at most {PARTS_MAX} parts");
                return Err(Diagnostic::new(Code::TooManyParts, span, message));
            }
            if self.take(&Token::Sign(",")).is_none() {
                break;
            }
        }
        let end = self.sign(")")?;
        self.part(span.to(end), Node::Call { name, arguments })
    }

    fn money(&mut self, span: Span, unit: &str) -> Result<Expression, Diagnostic> {
        self.sign("(")?;
        let number = self.next().0;
        let end = self.sign(")")?;
        let span = span.to(end);
        let fen = match (unit, number) {
            ("fen", Token::Int(fen)) => Some(fen),
            ("yuan", Token::Int(yuan)) => yuan.checked_mul(100),
            ("yuan", Token::Decimal(written)) => fen_of(&written),
            _ => None,
        };
        let Some(fen) = fen.filter(|fen| *fen <= tongbao_money::Amount::MAX.minor()) else {
            let message =
                format!("an amount is a number, and at most {} fen", tongbao_money::Amount::MAX.minor());
            return Err(Diagnostic::new(Code::BadMoney, span, message)
                .help("as in `yuan(5000)`, `yuan(0.50)` or `fen(50)`; fen are not divided"));
        };
        self.part(span, Node::Literal(Literal::Money(fen)))
    }

    fn action(&mut self) -> Result<Action, Diagnostic> {
        let wrong = self.expected("an action");
        let (Token::Word(word), span) = self.next() else {
            return Err(wrong.help("one of `allow`, `challenge(…)`, `review`, `block`"));
        };
        match word.as_str() {
            "allow" => Ok(Action::Allow),
            "review" => Ok(Action::Review),
            "block" => Ok(Action::Block),
            "challenge" => self.proof(span).map(Action::Challenge),
            _ => {
                let near = nearest(&word, ["allow", "challenge", "review", "block"]);
                let wrong = Diagnostic::new(Code::UnknownAction, span, format!("`{word}` is no action"));
                Err(wrong.help(meant(near, "one of `allow`, `challenge(…)`, `review`, `block`")))
            }
        }
    }

    fn proof(&mut self, span: Span) -> Result<Proof, Diagnostic> {
        let names = Proof::ALL.map(Proof::name);
        let listed = format!("one of `challenge({})`", names.join(")`, `challenge("));
        if self.take(&Token::Sign("(")).is_none() {
            return Err(Diagnostic::new(
                Code::UnknownProof,
                span,
                "`challenge` does not say for which proof",
            )
            .help(listed));
        }
        let wrong = self.expected("a proof").help(listed.clone());
        let (Token::Word(word), span) = self.next() else { return Err(wrong) };
        let Some(proof) = Proof::ALL.into_iter().find(|proof| proof.name() == word) else {
            let wrong = Diagnostic::new(Code::UnknownProof, span, format!("`{word}` is no proof"));
            return Err(wrong.help(meant(nearest(&word, names), &listed)));
        };
        self.sign(")")?;
        Ok(proof)
    }

    fn reason(&mut self) -> Result<String, Diagnostic> {
        let help = format!("capitals, digits and `_`, up to {REASON_CHARS_MAX}, as in `NEW_PAYEE_BURST`");
        let wrong = self.expected("the code of a reason").help(help.clone());
        let (token, span) = self.next();
        match token {
            Token::Capitals(code) if is_reason(&code) => Ok(code),
            Token::Capitals(code) | Token::Word(code) => {
                Err(Diagnostic::new(Code::BadReason, span, format!("`{code}` is no code of a reason"))
                    .help(help))
            }
            _ => Err(wrong),
        }
    }
}

/// Whether a text can be the code of a reason.
pub(crate) fn is_reason(code: &str) -> bool {
    code.len() <= REASON_CHARS_MAX
        && code.starts_with(|c: char| c.is_ascii_uppercase())
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn meant(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}

/// An amount in yuan with one or two decimals, in fen.
fn fen_of(written: &str) -> Option<i64> {
    let (yuan, decimals) = written.split_once('.')?;
    let tens = match decimals.len() {
        1 => 10,
        2 => 1,
        _ => return None,
    };
    let decimals: i64 = decimals.parse().ok()?;
    yuan.parse::<i64>().ok()?.checked_mul(100)?.checked_add(decimals.checked_mul(tens)?)
}
