use std::sync::Arc;

use rehearsal_engine::Json;

use super::{Draft, function_arn};
use crate::diagnostics::Place;
use crate::template::Fields;
use crate::template::fields::scalar_text;
use crate::template::stack::{
    Code, Environment, EventInvokeConfig, EventSourceMapping, Function, Layer, Permission, Qualifier,
};

/// AWS: what functions have when the template does not say.
const TIMEOUT_S: u64 = 3;
const MEMORY_MB: u64 = 128;
const RETRY_ATTEMPTS: u64 = 2;
const EVENT_AGE_S: u64 = 21_600;

/// The key under which SAM's `CodeUri` comes here.
pub const LOCAL_CODE: &str = "LocalPath";

/// `AWS::Lambda::Function`
pub fn function(draft: Draft<'_, '_, '_>) -> Option<Function> {
    let fields = &draft.fields;
    fields.only(&[
        "FunctionName",
        "Code",
        "Handler",
        "Runtime",
        "Role",
        "Timeout",
        "MemorySize",
        "Environment",
        "DeadLetterConfig",
        "ReservedConcurrentExecutions",
        "Layers",
        "Architectures",
        "PackageType",
        "EphemeralStorage",
        "TracingConfig",
        "VpcConfig",
        "SnapStart",
        "LoggingConfig",
        "Description",
        "Tags",
        "KmsKeyArn",
        "FileSystemConfigs",
        "ImageConfig",
        "CodeSigningConfigArn",
        "RuntimeManagementConfig",
        "RecursiveLoop",
    ]);
    let code = code(&draft);
    let is_image = fields.text("PackageType").as_deref() == Some("Image");
    let (handler, runtime) = if is_image {
        (fields.text("Handler"), fields.text("Runtime"))
    } else {
        (fields.required_text("Handler"), fields.required_text("Runtime"))
    };
    let role_arn = fields.required_text("Role");
    let timeout_s = fields.integer("Timeout", 1..=900).unwrap_or(TIMEOUT_S);
    let memory_mb = fields.integer("MemorySize", 128..=32_768).unwrap_or(MEMORY_MB);
    let variables = fields.object("Environment").and_then(|environment| environment.object("Variables"));
    let members = variables.as_ref().map(|variables| variables.node.members()).unwrap_or_default();
    let environment = members.iter().filter_map(|member| {
        let text = variables.as_ref()?.text(&member.key).or_else(|| scalar_text(&member.value))?;
        Some((member.key.clone(), text))
    });
    let environment = environment.collect();
    let reserved_concurrency = fields.integer("ReservedConcurrentExecutions", 0..=u64::from(u32::MAX));
    let dead_letter_arn = fields.object("DeadLetterConfig").and_then(|config| config.text("TargetArn"));
    if let (Some(Code::Inline { .. }), Some(handler)) = (&code, &handler)
        && !handler.starts_with("index.")
    {
        let hint = "inline code is stored as 'index': write 'index.<function>'";
        fields.error("Handler", "invalid-handler", format!("the handler '{handler}' is not in the inline code"), hint);
    }
    Some(Function {
        code: code?,
        handler: if is_image { handler.unwrap_or_default() } else { handler? },
        runtime: if is_image { runtime.unwrap_or_default() } else { runtime? },
        role_arn: role_arn?,
        timeout_ms: timeout_s * 1000,
        memory_mb: memory_mb as u32,
        environment,
        reserved_concurrency: reserved_concurrency.map(|count| count as u32),
        dead_letter_arn,
        layers: fields.texts("Layers"),
        identity: draft.identity,
    })
}

/// `AWS::Lambda::LayerVersion`
pub fn layer(draft: Draft<'_, '_, '_>) -> Option<Layer> {
    let fields = &draft.fields;
    fields.only(&[
        "LayerName",
        "Content",
        "CompatibleRuntimes",
        "CompatibleArchitectures",
        "Description",
        "LicenseInfo",
    ]);
    let content = match fields.required("Content")? {
        // `aws cloudformation package` takes a path here and puts a bucket in its place.
        node if scalar_text(node).is_some() => Code::Local(scalar_text(node)?),
        _ => {
            let content = fields.object("Content")?;
            match (content.text(LOCAL_CODE), content.text("S3Bucket"), content.text("S3Key")) {
                (Some(path), ..) => Code::Local(path),
                (_, bucket, key) => {
                    let (bucket, key) = (bucket.unwrap_or_default(), key.unwrap_or_default());
                    Code::Elsewhere(format!("s3://{bucket}/{key}").into())
                }
            }
        }
    };
    Some(Layer { content, identity: draft.identity })
}

/// `AWS::Lambda::Version` and `AWS::StepFunctions::StateMachineVersion`
pub fn version(draft: Draft<'_, '_, '_>) -> Option<Qualifier> {
    let (of_arn, version) = draft.identity.arn.rsplit_once(':')?;
    let (of_arn, version) = (of_arn.into(), version.into());
    Some(Qualifier { of_arn, version, is_alias: false, identity: draft.identity })
}

/// `AWS::Lambda::Alias`
pub fn function_alias(draft: Draft<'_, '_, '_>) -> Option<Qualifier> {
    let fields = &draft.fields;
    fields.only(&[
        "Name",
        "FunctionName",
        "FunctionVersion",
        "RoutingConfig",
        "Description",
        "ProvisionedConcurrencyConfig",
    ]);
    fields.required_text("Name")?;
    fields.required_text("FunctionName")?;
    let version = fields.required_text("FunctionVersion")?;
    let weights = fields.object("RoutingConfig").map(|config| config.objects("AdditionalVersionWeights"));
    warn_of_weights(fields, "RoutingConfig", weights.is_some_and(|weights| !weights.is_empty()));
    Some(alias(draft, version))
}

/// `AWS::StepFunctions::StateMachineAlias`
pub fn machine_alias(draft: Draft<'_, '_, '_>) -> Option<Qualifier> {
    let fields = &draft.fields;
    fields.only(&["Name", "Description", "RoutingConfiguration", "DeploymentPreference"]);
    let routes = fields.objects("RoutingConfiguration");
    warn_of_weights(fields, "RoutingConfiguration", routes.len() > 1);
    let deployed = fields.object("DeploymentPreference");
    let version = match (routes.first(), &deployed) {
        (Some(route), _) => route.required_text("StateMachineVersionArn")?,
        (None, Some(preference)) => preference.required_text("StateMachineVersionArn")?,
        (None, None) => {
            let hint = "give RoutingConfiguration: [{StateMachineVersionArn: !Ref TheVersion, Weight: 100}]";
            fields.error("RoutingConfiguration", "missing-property", "the alias stands for no version", hint);
            return None;
        }
    };
    let number = version.rsplit(':').next().unwrap_or_default().into();
    Some(alias(draft, number))
}

fn alias(draft: Draft<'_, '_, '_>, version: Arc<str>) -> Qualifier {
    let arn = &draft.identity.arn;
    let of_arn = arn.rsplit_once(':').map_or(arn.clone(), |(of, _)| of.into());
    Qualifier { of_arn, version, is_alias: true, identity: draft.identity }
}

fn warn_of_weights(fields: &Fields<'_>, key: &str, is_weighted: bool) {
    if is_weighted {
        let message = "the alias divides its calls between versions, and every version runs the template's code here";
        fields.warn(key, "not-simulated", message, "to test one version with another, give each a function of its own");
    }
}

fn code(draft: &Draft<'_, '_, '_>) -> Option<Code> {
    let node = draft.fields.required("Code")?;
    // `aws cloudformation package` takes a path here and puts a bucket in its place.
    if let Some(path) = scalar_text(node) {
        return Some(Code::Local(path));
    }
    let code = draft.fields.object("Code")?;
    if let Some(node) = code.get("ZipFile") {
        code.text("ZipFile")?;
        let text = draft.resolver.mapped(node)?;
        return Some(Code::Inline { text, place: Place::new(draft.identity.place.source, node.span) });
    }
    if let Some(path) = code.text(LOCAL_CODE) {
        return Some(Code::Local(path));
    }
    if let Some(image) = code.text("ImageUri") {
        return Some(Code::Elsewhere(image));
    }
    if let (Some(bucket), Some(key)) = (code.text("S3Bucket"), code.text("S3Key")) {
        Some(Code::Elsewhere(format!("s3://{bucket}/{key}").into()))
    } else {
        code.error(
            "ZipFile",
            "missing-property",
            "the function has no code",
            "give ZipFile, S3Bucket with S3Key, or ImageUri",
        );
        None
    }
}

/// `AWS::Lambda::Permission`
pub fn permission(draft: Draft<'_, '_, '_>, environment: &Environment) -> Option<Permission> {
    let fields = &draft.fields;
    fields.only(&[
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    ]);
    let function = fields.required_text("FunctionName");
    let action = fields.required_text("Action");
    let principal = fields.required_text("Principal");
    Some(Permission {
        function_arn: function_arn(&function?, environment),
        action: action?,
        principal: principal?,
        source_arn: fields.text("SourceArn"),
        source_account: fields.text("SourceAccount"),
        identity: draft.identity,
    })
}

/// `AWS::Lambda::EventInvokeConfig`
pub fn event_invoke_config(draft: Draft<'_, '_, '_>, environment: &Environment) -> Option<EventInvokeConfig> {
    let fields = &draft.fields;
    fields.only(&[
        "FunctionName",
        "Qualifier",
        "MaximumRetryAttempts",
        "MaximumEventAgeInSeconds",
        "DestinationConfig",
    ]);
    let function = fields.required_text("FunctionName");
    let retry_attempts_max = fields.integer("MaximumRetryAttempts", 0..=2).unwrap_or(RETRY_ATTEMPTS);
    let event_age_s = fields.integer("MaximumEventAgeInSeconds", 60..=EVENT_AGE_S).unwrap_or(EVENT_AGE_S);
    Some(EventInvokeConfig {
        function_arn: function_arn(&function?, environment),
        qualifier: fields.text("Qualifier").unwrap_or_else(|| "$LATEST".into()),
        retry_attempts_max: retry_attempts_max as u32,
        event_age_max_ms: event_age_s * 1000,
        on_success_arn: destination(fields, "OnSuccess"),
        on_failure_arn: destination(fields, "OnFailure"),
        identity: draft.identity,
    })
}

fn destination(fields: &Fields<'_>, which: &str) -> Option<Arc<str>> {
    fields.object("DestinationConfig")?.object(which)?.required_text("Destination")
}

/// `AWS::Lambda::EventSourceMapping`
pub fn event_source_mapping(draft: Draft<'_, '_, '_>, environment: &Environment) -> Option<EventSourceMapping> {
    let fields = &draft.fields;
    let function = fields.required_text("FunctionName");
    let event_source_arn = fields.required_text("EventSourceArn");
    let is_queue = event_source_arn.as_deref().is_some_and(|arn| arn.contains(":sqs:"));
    let batch_size = fields.integer("BatchSize", 1..=10_000).unwrap_or(if is_queue { 10 } else { 100 });
    let filters = fields.object("FilterCriteria").map(|criteria| criteria.objects("Filters")).unwrap_or_default();
    let filters = filters.iter().filter_map(|filter| {
        let text = filter.required_text("Pattern")?;
        let parsed = Json::parse(&text).ok();
        if parsed.is_none() {
            filter.error(
                "Pattern",
                "invalid-pattern",
                "the filter pattern is not JSON",
                "write the pattern as JSON text",
            );
        }
        parsed
    });
    let filters = filters.collect();
    // AWS: -1 is without end.
    let endless = fields.text("MaximumRetryAttempts").as_deref() == Some("-1");
    let retry_attempts_max = if endless { None } else { fields.integer("MaximumRetryAttempts", 0..=10_000) };
    let ageless = fields.text("MaximumRecordAgeInSeconds").as_deref() == Some("-1");
    let record_age_max_ms = if ageless { None } else { fields.integer("MaximumRecordAgeInSeconds", 60..=604_800) };
    let scaling = fields.object("ScalingConfig");
    let concurrency_max = scaling.and_then(|scaling| scaling.integer("MaximumConcurrency", 2..=1000));
    let responses = fields.texts("FunctionResponseTypes");
    let starting_position = fields.text("StartingPosition");
    if !is_queue && event_source_arn.is_some() && starting_position.is_none() {
        let hint = "write TRIM_HORIZON or LATEST";
        fields.error("StartingPosition", "missing-property", "a stream needs a StartingPosition", hint);
    }
    Some(EventSourceMapping {
        function_arn: function_arn(&function?, environment),
        event_source_arn: event_source_arn?,
        enabled: fields.boolean("Enabled").unwrap_or(true),
        batch_size: batch_size as u32,
        batching_window_ms: fields.integer("MaximumBatchingWindowInSeconds", 0..=300).unwrap_or(0) * 1000,
        starting_position,
        reports_batch_item_failures: responses.iter().any(|kind| &**kind == "ReportBatchItemFailures"),
        retry_attempts_max: retry_attempts_max.map(|count| count as u32),
        record_age_max_ms: record_age_max_ms.map(|seconds| seconds * 1000),
        parallelization_factor: fields.integer("ParallelizationFactor", 1..=10).unwrap_or(1) as u32,
        concurrency_max: concurrency_max.map(|most| most as u32),
        bisects_batch_on_error: fields.boolean("BisectBatchOnFunctionError").unwrap_or(false),
        on_failure_arn: destination(fields, "OnFailure"),
        filters,
        identity: draft.identity,
    })
}
