//! The Python side, embedded.

/// What `python3 -c` runs.
pub(super) const BOOT: &str = include_str!("shim/boot.py");

/// The importable modules: name and text.
pub(super) const MODULES: [(&str, &str); 27] = [
    ("rehearsal", include_str!("shim/rehearsal/__init__.py")),
    ("rehearsal.client", include_str!("shim/rehearsal/client.py")),
    ("rehearsal.clock", include_str!("shim/rehearsal/clock.py")),
    ("rehearsal.code", include_str!("shim/rehearsal/code.py")),
    ("rehearsal.entropy", include_str!("shim/rehearsal/entropy.py")),
    ("rehearsal.files", include_str!("shim/rehearsal/files.py")),
    ("rehearsal.kernel", include_str!("shim/rehearsal/kernel.py")),
    ("rehearsal.logs", include_str!("shim/rehearsal/logs.py")),
    ("rehearsal.loops", include_str!("shim/rehearsal/loops.py")),
    ("rehearsal.messaging", include_str!("shim/rehearsal/messaging.py")),
    ("rehearsal.models", include_str!("shim/rehearsal/models.py")),
    ("rehearsal.pages", include_str!("shim/rehearsal/pages.py")),
    ("rehearsal.process", include_str!("shim/rehearsal/process.py")),
    ("rehearsal.resource", include_str!("shim/rehearsal/resource.py")),
    ("rehearsal.runtime", include_str!("shim/rehearsal/runtime.py")),
    ("boto3", include_str!("shim/boto3/__init__.py")),
    ("boto3.dynamodb", include_str!("shim/boto3/dynamodb/__init__.py")),
    ("boto3.dynamodb.conditions", include_str!("shim/boto3/dynamodb/conditions.py")),
    ("boto3.dynamodb.types", include_str!("shim/boto3/dynamodb/types.py")),
    ("boto3.exceptions", include_str!("shim/boto3/exceptions.py")),
    ("boto3.session", include_str!("shim/boto3/session.py")),
    ("botocore", include_str!("shim/botocore/__init__.py")),
    ("botocore.client", include_str!("shim/botocore/client.py")),
    ("botocore.config", include_str!("shim/botocore/config.py")),
    ("botocore.errorfactory", include_str!("shim/botocore/errorfactory.py")),
    ("botocore.exceptions", include_str!("shim/botocore/exceptions.py")),
    ("botocore.response", include_str!("shim/botocore/response.py")),
];
