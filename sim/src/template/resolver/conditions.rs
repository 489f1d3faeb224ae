use std::collections::BTreeMap;

use rehearsal_engine::source::{Member, Node, Shape};

use super::super::suggest;
use super::{Resolved, Resolver, scalar_text};

/// Longest chain of conditions, each of which names the next.
const CHAIN_MAX: usize = 100;

/// The named conditions of a template; each is decided once, when it is first asked for.
pub struct Conditions<'t> {
    /// How many are being decided, each for the one before.
    depth: usize,
    nodes: BTreeMap<&'t str, &'t Member>,
    decided: BTreeMap<&'t str, Decided>,
}

#[derive(Clone, Copy)]
enum Decided {
    Deciding,
    Value(Option<bool>),
}

impl<'t> Conditions<'t> {
    pub fn new(section: Option<&'t Node>) -> Conditions<'t> {
        let members = section.map(Node::members).unwrap_or_default();
        Conditions {
            depth: 0,
            nodes: members.iter().map(|member| (&*member.key, member)).collect(),
            decided: BTreeMap::new(),
        }
    }
}

impl Resolver<'_> {
    /// Decides every condition, so that one that nobody uses is checked too.
    pub fn decide_all_conditions(&mut self) {
        let names: Vec<&str> = self.conditions.nodes.keys().copied().collect();
        for name in names {
            self.decide(name);
        }
    }

    /// Whether the condition that `name` is holds; `None` when that cannot be said, which is reported.
    pub fn condition(&mut self, name: &Node) -> Option<bool> {
        let Some(text) = name.as_str() else {
            self.error(
                "wrong-type",
                name.span,
                format!("expected the name of a condition, found {}", name.kind()),
                None,
            );
            return None;
        };
        if !self.conditions.nodes.contains_key(text) {
            let hint = suggest::hint(text, self.conditions.nodes.keys().copied());
            let message = format!("unresolved condition dependency {text} in the template");
            self.error("unresolved-condition", name.span, message, hint);
            return None;
        }
        self.decide(text)
    }

    /// The condition `name` if it is known and was or can be decided; reports nothing about unknown names.
    pub(super) fn decide(&mut self, name: &str) -> Option<bool> {
        let (name, member) = self.conditions.nodes.get_key_value(name).map(|(name, member)| (*name, *member))?;
        match self.conditions.decided.get(name) {
            Some(Decided::Value(value)) => return *value,
            Some(Decided::Deciding) => {
                let message = format!("the condition '{name}' depends on itself");
                self.error(
                    "circular-condition",
                    member.key_span,
                    message,
                    Some("break the circle of conditions".to_owned()),
                );
                self.conditions.decided.insert(name, Decided::Value(None));
                return None;
            }
            None => {}
        }
        if self.conditions.depth >= CHAIN_MAX {
            let message = format!("conditions depend on each other over more than {CHAIN_MAX} steps");
            self.error("too-deep", member.key_span, message, None);
            return None;
        }
        self.conditions.depth += 1;
        self.conditions.decided.insert(name, Decided::Deciding);
        let outer = std::mem::replace(&mut self.path, format!("/Conditions/{name}"));
        let was_inside = std::mem::replace(&mut self.in_condition, true);
        let value = self.evaluate(&member.value);
        self.in_condition = was_inside;
        self.path = outer;
        self.conditions.depth -= 1;
        self.conditions.decided.insert(name, Decided::Value(value));
        value
    }

    fn evaluate(&mut self, node: &Node) -> Option<bool> {
        if let Shape::Bool(value) = node.shape {
            return Some(value);
        }
        let [member] = node.members() else {
            self.not_a_condition(node);
            return None;
        };
        match &*member.key {
            "Condition" => self.condition(&member.value),
            "Fn::Equals" => {
                let [left, right] = self.operands(member, 2..=2)? else { return None };
                let (left, right) = (self.comparable(left), self.comparable(right));
                // AWS: both sides are compared as strings, letter case counts.
                Some(left? == right?)
            }
            "Fn::Not" => {
                let [operand] = self.operands(member, 1..=1)? else { return None };
                self.evaluate(operand).map(|value| !value)
            }
            "Fn::And" => self.evaluate_all(member).map(|values| values.iter().all(|value| *value)),
            "Fn::Or" => self.evaluate_all(member).map(|values| values.iter().any(|value| *value)),
            _ => {
                self.not_a_condition(node);
                None
            }
        }
    }

    fn evaluate_all(&mut self, member: &Member) -> Option<Vec<bool>> {
        let operands = self.operands(member, 2..=10)?;
        let values: Vec<Option<bool>> = operands.iter().map(|operand| self.evaluate(operand)).collect();
        values.into_iter().collect()
    }

    fn comparable(&mut self, node: &Node) -> Option<String> {
        match self.resolve(node) {
            Resolved::Value(value) => {
                Some(scalar_text(&value).map_or_else(|| value.to_json().to_string(), |text| (*text).to_owned()))
            }
            Resolved::Nothing => Some(String::new()),
            Resolved::Failed => None,
        }
    }

    fn operands<'n>(&mut self, member: &'n Member, count: std::ops::RangeInclusive<usize>) -> Option<&'n [Node]> {
        let items = member.value.as_array().filter(|items| count.contains(&items.len()));
        if items.is_none() {
            let wanted = match (count.start(), count.end()) {
                (1, 1) => "one operand".to_owned(),
                (from, to) if from == to => format!("{from} operands"),
                (from, to) => format!("{from} to {to} operands"),
            };
            let message = format!("{} takes a list of {wanted}", member.key);
            self.error("wrong-arguments", member.value.span, message, None);
        }
        items
    }

    fn not_a_condition(&mut self, node: &Node) {
        let hint = "write Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition".to_owned();
        self.error("wrong-type", node.span, "expected a condition", Some(hint));
    }
}
