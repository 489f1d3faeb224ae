//! Requests about rules: asking for them, switching them on and off, and trying a pattern on an event.

use std::sync::Arc;

use rehearsal_engine::events::{Event, Pattern};
use rehearsal_engine::{Json, json};

use super::rules::Rule;
use super::service::EventBridge;
use crate::services::{Answer, ApiError, Response};
use crate::world::{Caller, Core, FaultId, Name, QueueId, TimerOwner, form_value};

/// A request about rules.
#[derive(Clone, Debug)]
pub enum RuleRequest {
    /// Whether a pattern matches an event.
    TestEventPattern {
        /// The pattern's text.
        pattern: Arc<str>,
        /// The event's text.
        event: Arc<str>,
    },
    /// About one rule.
    One {
        /// What about it.
        what: RuleQuestion,
        /// Its name.
        name: Arc<str>,
        /// Its bus, by name or ARN; the default bus when there is none.
        bus: Option<Arc<str>>,
    },
    /// The rules of a bus.
    ListRules {
        /// How their names begin.
        prefix: Arc<str>,
        /// The bus, by name or ARN; the default bus when there is none.
        bus: Option<Arc<str>>,
        /// Where the answer before this one ended.
        from: usize,
        /// How many.
        limit: usize,
    },
}

/// What is asked about a rule, or of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleQuestion {
    /// Switch it on.
    Enable,
    /// Switch it off.
    Disable,
    /// What it is.
    Describe,
    /// Its targets.
    ListTargets,
}

/// Whether a rule is on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    /// As the API shows it.
    wanted: bool,
    /// As events meet it: what is switched may take a while.
    pub(super) is_on: bool,
    /// Its next tick, if it has a schedule.
    pub(super) tick: Option<QueueId>,
}

/// AWS: a change of a rule takes a short time. How long, by the fault's form; without the fault it takes none.
const LAG_MS: [u64; 2] = [10_000, 60_000];
/// AWS: a list has at most so many rules.
const LIST_MAX: usize = 100;

impl RuleRequest {
    /// Reads a request as an SDK makes it; `None` for an operation that is none of these.
    pub fn parse(operation: &str, parameters: &Json) -> Option<Result<RuleRequest, ApiError>> {
        let text = |key: &str| parameters.get(key).and_then(Json::as_str).map(Arc::<str>::from);
        let required = |key: &str| {
            text(key).ok_or_else(|| {
                ApiError::validation(format!("Parameter {key} is not valid. Reason: {key} is a required argument."))
            })
        };
        let bus = text("EventBusName");
        let one = |what, key: &str| required(key).map(|name| RuleRequest::One { what, name, bus: bus.clone() });
        Some(match operation {
            "EnableRule" => one(RuleQuestion::Enable, "Name"),
            "DisableRule" => one(RuleQuestion::Disable, "Name"),
            "DescribeRule" => one(RuleQuestion::Describe, "Name"),
            "ListTargetsByRule" => one(RuleQuestion::ListTargets, "Rule"),
            "ListRules" => Ok(RuleRequest::ListRules {
                prefix: text("NamePrefix").unwrap_or_default(),
                bus,
                from: text("NextToken").and_then(|token| token.parse().ok()).unwrap_or_default(),
                limit: parameters
                    .get("Limit")
                    .and_then(Json::as_i64)
                    .map_or(LIST_MAX, |limit| limit.clamp(1, 100) as usize),
            }),
            "TestEventPattern" => required("EventPattern")
                .and_then(|pattern| Ok(RuleRequest::TestEventPattern { pattern, event: required("Event")? })),
            _ => return None,
        })
    }

    /// The operation for sites and traces.
    pub fn operation(&self) -> Name {
        match self {
            RuleRequest::TestEventPattern { .. } => Name::EVENTS_TEST_EVENT_PATTERN,
            RuleRequest::ListRules { .. } => Name::EVENTS_LIST_RULES,
            RuleRequest::One { what: RuleQuestion::Enable, .. } => Name::EVENTS_ENABLE_RULE,
            RuleRequest::One { what: RuleQuestion::Disable, .. } => Name::EVENTS_DISABLE_RULE,
            RuleRequest::One { what: RuleQuestion::Describe, .. } => Name::EVENTS_DESCRIBE_RULE,
            RuleRequest::One { what: RuleQuestion::ListTargets, .. } => Name::EVENTS_LIST_TARGETS_BY_RULE,
        }
    }

    /// The action that a policy names.
    pub fn action(&self) -> &'static str {
        match self {
            RuleRequest::TestEventPattern { .. } => "events:TestEventPattern",
            RuleRequest::ListRules { .. } => "events:ListRules",
            RuleRequest::One { what: RuleQuestion::Enable, .. } => "events:EnableRule",
            RuleRequest::One { what: RuleQuestion::Disable, .. } => "events:DisableRule",
            RuleRequest::One { what: RuleQuestion::Describe, .. } => "events:DescribeRule",
            RuleRequest::One { what: RuleQuestion::ListTargets, .. } => "events:ListTargetsByRule",
        }
    }

    /// What a rule's ARN ends with, of the rule that it is about.
    pub fn rule_path(&self) -> Option<String> {
        let RuleRequest::One { name, bus, .. } = self else { return None };
        let bus = bus.as_deref().map_or("default", |bus| bus.rsplit('/').next().unwrap_or(bus));
        Some(if bus == "default" { format!("rule/{name}") } else { format!("rule/{bus}/{name}") })
    }
}

impl Switch {
    pub(super) fn of(rule: &Rule) -> Switch {
        Switch { wanted: rule.enabled, is_on: rule.enabled, tick: None }
    }
}

impl EventBridge {
    /// Takes a request about rules that reached the service.
    pub fn handle_rules(&mut self, core: &mut Core, caller: Caller, request: &RuleRequest) {
        let answer: Answer = self.answer_about_rules(core, caller, request).map(Response::Api);
        core.answer(caller.actor, caller.reply_to, answer);
    }

    /// A change of a rule takes effect.
    pub fn switch_due(&mut self, core: &mut Core, rule: u32) {
        let wanted = self.switches[rule as usize].wanted;
        if self.switches[rule as usize].is_on == wanted {
            return;
        }
        self.switch(rule, wanted);
        if wanted {
            self.schedule_next(core, rule);
        } else if let Some(tick) = self.switches[rule as usize].tick.take() {
            core.cancel(tick);
        }
        let (bus, name) = (&self.buses[self.rules[rule as usize].bus as usize].name, &self.rules[rule as usize].text);
        let actor = crate::world::ActorId::WORLD;
        core.note(actor, || format!("rule {name} of bus {bus} is {}", if wanted { "on" } else { "off" }));
    }

    /// Every rule as the template has it.
    pub(super) fn reset_switches(&mut self) {
        for rule in 0..self.rules.len() as u32 {
            let enabled = self.rules[rule as usize].enabled;
            if self.switches[rule as usize].is_on != enabled {
                self.switch(rule, enabled);
            }
            self.switches[rule as usize] = Switch::of(&self.rules[rule as usize]);
        }
    }

    fn switch(&mut self, rule: u32, is_on: bool) {
        self.switches[rule as usize].is_on = is_on;
        let Rule { bus, pattern, .. } = &self.rules[rule as usize];
        let matcher = &mut self.buses[*bus as usize].matcher;
        match pattern {
            Some((_, pattern)) if is_on => matcher.add(rule, pattern),
            Some(_) => {
                matcher.remove(&rule);
            }
            None => {}
        }
        self.measure_periods();
    }

    fn answer_about_rules(&mut self, core: &mut Core, caller: Caller, request: &RuleRequest) -> Result<Json, ApiError> {
        match request {
            RuleRequest::TestEventPattern { pattern, event } => test_pattern(pattern, event),
            RuleRequest::ListRules { prefix, bus, from, limit } => {
                let bus = self.existing_bus(bus.as_deref())?;
                let of_bus = self.rules.iter().zip(&self.switches).filter(|(rule, _)| rule.bus == bus);
                let mut meant = of_bus.filter(|(rule, _)| rule.text.starts_with(&**prefix)).skip(*from);
                let rules: Vec<Json> =
                    meant.by_ref().take(*limit).map(|(rule, switch)| self.rule_described(rule, *switch)).collect();
                let next = meant.next().map(|_| (from + rules.len()).to_string());
                let mut members = vec![("Rules", Json::from(rules))];
                members.extend(next.map(|token| ("NextToken", Json::from(token))));
                Ok(Json::from_pairs(members))
            }
            RuleRequest::One { what, name, bus } => {
                let bus = self.existing_bus(bus.as_deref())?;
                let found = self.rules.iter().position(|rule| rule.bus == bus && rule.text == *name);
                let rule = found.ok_or_else(|| {
                    let message = format!("Rule {name} does not exist on EventBus {}.", self.buses[bus as usize].name);
                    ApiError::new("ResourceNotFoundException", message)
                })?;
                match what {
                    RuleQuestion::Describe => Ok(self.rule_described(&self.rules[rule], self.switches[rule])),
                    RuleQuestion::ListTargets => Ok(json!({"Targets": (self.rules[rule].listed.clone())})),
                    RuleQuestion::Enable | RuleQuestion::Disable => {
                        self.switches[rule].wanted = *what == RuleQuestion::Enable;
                        let operation = request.operation();
                        let form = core.fault(FaultId::EbRuleLag, caller.actor, operation, caller.occurrence);
                        match form_value(&LAG_MS, form) {
                            None => self.switch_due(core, rule as u32),
                            Some(lag_ms) => {
                                let at = core.now() + lag_ms;
                                let actor = core.child(caller.actor, operation, caller.occurrence);
                                core.timer(at, 0, actor, 0, TimerOwner::Rule { rule: rule as u32 });
                            }
                        }
                        Ok(Json::object())
                    }
                }
            }
        }
    }

    fn existing_bus(&self, name: Option<&str>) -> Result<u32, ApiError> {
        self.find_bus(name).ok_or_else(|| {
            let name = name.unwrap_or_default();
            ApiError::new("ResourceNotFoundException", format!("Event bus {name} does not exist."))
        })
    }

    fn rule_described(&self, rule: &Rule, switch: Switch) -> Json {
        let mut members = vec![("Name", Json::from(rule.text.clone())), ("Arn", rule.arn.clone().into())];
        members.extend(rule.pattern.as_ref().map(|(text, _)| ("EventPattern", text.clone().into())));
        members.extend(rule.schedule_text.clone().map(|text| ("ScheduleExpression", text.into())));
        members.push(("State", if switch.wanted { "ENABLED" } else { "DISABLED" }.into()));
        members.push(("EventBusName", self.buses[rule.bus as usize].name.clone().into()));
        Json::from_pairs(members)
    }
}

/// AWS: both the pattern and the event's envelope are checked.
fn test_pattern(pattern: &str, event: &str) -> Result<Json, ApiError> {
    let pattern = Pattern::parse(pattern)
        .map_err(|rejection| ApiError::new("InvalidEventPatternException", rejection.message))?;
    let invalid = || ApiError::validation("Parameter Event is not valid.");
    let parsed = Json::parse(event).map_err(|_| invalid())?;
    if parsed.as_object().is_none() || Event::first_missing(&parsed).is_some() {
        return Err(invalid());
    }
    let matches = pattern.matches_text(event).map_err(|_| invalid())?;
    Ok(json!({"Result": matches}))
}
