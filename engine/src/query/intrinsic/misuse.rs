//! What is wrong with a call whatever its paths read: numbers and kinds of arguments, templates, constants.

use std::ops::RangeInclusive;

use super::{Argument, Call, Function, functions};
use crate::Json;
use crate::query::Draws;

/// Most arguments of a function that takes any number.
const ANY: usize = usize::MAX;

impl Call {
    /// Why the call, or one inside it, can never have a value.
    pub(super) fn misuse(&self) -> Option<String> {
        let inner = self.arguments.iter().find_map(|argument| match argument {
            Argument::Call(call) => call.misuse(),
            _ => None,
        });
        inner.or_else(|| self.wrong_count()).or_else(|| self.wrong_kind()).or_else(|| self.wrong_constants())
    }

    fn wrong_count(&self) -> Option<String> {
        let takes = arity(self.function);
        let given = self.arguments.len();
        if !takes.contains(&given) {
            let (least, most) = (*takes.start(), *takes.end());
            let takes = match (least, most) {
                (0, 0) => "no arguments".to_owned(),
                (1, 1) => "1 argument".to_owned(),
                (least, ANY) => format!("at least {least}"),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} or {most} arguments"),
            };
            return Some(format!("States.{} takes {takes}, not {given}", self.function.name()));
        }
        let (Function::Format, Some((Argument::Text { template, .. }, values))) =
            (self.function, self.arguments.split_first())
        else {
            return None;
        };
        match placeholders(template) {
            Ok(places) if places != values.len() => {
                Some(format!("the template of States.Format has {places} '{{}}', but {} values follow", values.len()))
            }
            Ok(_) => None,
            Err(problem) => Some(format!("the template of States.Format is broken: {problem}")),
        }
    }

    /// The first argument that is written out and of a kind that the function refuses.
    fn wrong_kind(&self) -> Option<String> {
        let wanted = kinds(self.function);
        self.arguments.iter().zip(wanted).enumerate().find_map(|(at, (argument, wanted))| {
            let found = match argument {
                Argument::Text { .. } => "string",
                Argument::Literal(value) => value.kind(),
                Argument::Call(call) => result_kind(call.function)?,
                Argument::Path(_) => return None,
            };
            let fits = *wanted == "any" || *wanted == found;
            (!fits).then(|| {
                format!("argument {} of States.{} must be of type {wanted}, not {found}", at + 1, self.function.name())
            })
        })
    }

    /// A call of constants alone is tried; of others, each constant among harmless values.
    fn wrong_constants(&self) -> Option<String> {
        let constants: Vec<Option<Json>> = self.arguments.iter().map(|argument| self.constant(argument)).collect();
        if let Some(values) = constants.iter().cloned().collect::<Option<Vec<Json>>>() {
            let refused = functions::apply(self.function, &values, &mut Nominal).is_err();
            return refused.then(|| format!("States.{} refuses these values", self.function.name()));
        }
        let harmless = harmless(self.function)?;
        constants.iter().zip(1..).find_map(|(constant, number)| {
            let mut values = harmless.to_vec();
            values.truncate(constants.len());
            *values.get_mut(number - 1)? = constant.clone()?;
            let refused = functions::apply(self.function, &values, &mut Nominal).is_err();
            refused.then(|| format!("States.{} refuses this value of argument {number}", self.function.name()))
        })
    }

    fn constant(&self, argument: &Argument) -> Option<Json> {
        match argument {
            Argument::Text { template, .. } if self.function == Function::Format => {
                Some(Json::String(template.clone()))
            }
            Argument::Text { value, .. } | Argument::Literal(value) => Some(value.clone()),
            Argument::Path(_) | Argument::Call(_) => None,
        }
    }
}

/// Arguments that a function takes, where one value alone can be wrong beside any others.
fn harmless(function: Function) -> Option<[Json; 3]> {
    let array = || Json::from(Vec::new());
    Some(match function {
        Function::ArrayPartition => [array(), Json::from(1), Json::Null],
        Function::ArrayRange => [Json::from(0), Json::from(0), Json::from(1)],
        Function::Hash => [Json::from(""), Json::from("MD5"), Json::Null],
        Function::JsonMerge => [Json::object(), Json::object(), Json::Bool(false)],
        Function::MathAdd => [Json::from(0), Json::from(0), Json::Null],
        _ => return None,
    })
}

fn arity(function: Function) -> RangeInclusive<usize> {
    match function {
        Function::Format => 1..=ANY,
        Function::Array => 0..=ANY,
        Function::Uuid => 0..=0,
        Function::StringToJson
        | Function::JsonToString
        | Function::ArrayLength
        | Function::ArrayUnique
        | Function::Base64Encode
        | Function::Base64Decode => 1..=1,
        Function::ArrayPartition
        | Function::ArrayContains
        | Function::ArrayGetItem
        | Function::Hash
        | Function::MathAdd
        | Function::StringSplit => 2..=2,
        Function::MathRandom => 2..=3,
        Function::ArrayRange | Function::JsonMerge => 3..=3,
    }
}

/// What the arguments must be, as far as that is fixed.
fn kinds(function: Function) -> &'static [&'static str] {
    match function {
        Function::Format | Function::StringToJson | Function::Base64Encode | Function::Base64Decode => &["string"],
        Function::Array | Function::Uuid | Function::JsonToString => &[],
        Function::ArrayPartition | Function::ArrayGetItem => &["array", "number"],
        Function::ArrayContains => &["array", "any"],
        Function::ArrayRange | Function::MathRandom => &["number", "number", "number"],
        Function::ArrayLength | Function::ArrayUnique => &["array"],
        Function::Hash => &["any", "string"],
        Function::JsonMerge => &["object", "object", "any"],
        Function::MathAdd => &["number", "number"],
        Function::StringSplit => &["string", "string"],
    }
}

/// What a function gives, where it always gives the same kind.
fn result_kind(function: Function) -> Option<&'static str> {
    Some(match function {
        Function::Format
        | Function::JsonToString
        | Function::Base64Encode
        | Function::Base64Decode
        | Function::Hash
        | Function::Uuid => "string",
        Function::Array
        | Function::ArrayPartition
        | Function::ArrayRange
        | Function::ArrayUnique
        | Function::StringSplit => "array",
        Function::ArrayContains => "boolean",
        Function::ArrayLength | Function::MathRandom | Function::MathAdd => "number",
        Function::JsonMerge => "object",
        Function::StringToJson | Function::ArrayGetItem => return None,
    })
}

/// How many `{}` a template has.
fn placeholders(template: &str) -> Result<usize, &'static str> {
    let mut places = 0;
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '{' if chars.next() == Some('}') => places += 1,
            '{' => return Err("matching '}' not found for '{'."),
            '}' => return Err("matching '{' not found for '}'."),
            _ => {}
        }
    }
    Ok(places)
}

/// Chance that decides nothing: only whether the call is refused counts.
struct Nominal;

impl Draws for Nominal {
    fn uuid(&mut self) -> String {
        String::new()
    }

    fn random(&mut self) -> f64 {
        0.0
    }
}
