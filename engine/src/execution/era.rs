use crate::asl::Program;

/// AWS added redrive on 15 November 2023; the context object of executions before has no `RedriveCount`.
const REDRIVE_FROM_MS: u64 = 1_700_006_400_000;

/// Recordings up to 19 June 2024 have the older exit of a distributed Map, those from 13 November 2024 on the newer one,
/// which thus came with variables and JSONata. November 2024 is our guess at the day.
const VARIABLES_FROM_MS: u64 = 1_730_419_200_000;

/// Which form of AWS's histories an execution shows: AWS changed a few details over the years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// Before redrive: the context object has no `RedriveCount`.
    BeforeRedrive,
    /// Before variables and JSONata: the exit of a distributed Map follows from its `MapRunSucceeded`.
    BeforeVariables,
    /// The exit of a distributed Map follows from its `MapRunStarted`.
    #[default]
    Current,
}

impl Era {
    /// The form of an execution that started so many milliseconds after 1970.
    pub fn of(start_ms: u64) -> Era {
        match start_ms {
            ..REDRIVE_FROM_MS => Era::BeforeRedrive,
            REDRIVE_FROM_MS..VARIABLES_FROM_MS => Era::BeforeVariables,
            VARIABLES_FROM_MS.. => Era::Current,
        }
    }

    /// The form of an execution of which nobody says when it ran, to compare with whatever was recorded.
    ///
    /// A definition that uses what came with the newer form cannot have run before; most recordings of others have the
    /// older one.
    pub fn undated(program: &Program) -> Era {
        if program.uses_variables_or_jsonata() { Era::Current } else { Era::BeforeVariables }
    }
}
