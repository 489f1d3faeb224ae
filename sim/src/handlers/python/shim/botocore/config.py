"""Client settings. Those that decide how often a request is sent and how long an answer is waited for have their effect;
the others are kept, and change nothing, since nothing leaves the simulated world."""

import os

from botocore.exceptions import (
    InvalidMaxRetryAttemptsError, InvalidRetryConfigurationError, InvalidRetryModeError,
)

READ_TIMEOUT_SECONDS = 60
RETRY_MODES = ("legacy", "standard", "adaptive")
# botocore: in the modes other than `legacy` a request is sent three times at most.
STANDARD_ATTEMPTS_MAX = 3
OPTIONS = frozenset("""region_name signature_version user_agent user_agent_extra user_agent_appid connect_timeout
    read_timeout parameter_validation max_pool_connections proxies proxies_config s3 retries client_cert
    inject_host_prefix endpoint_discovery_enabled use_dualstack_endpoint use_fips_endpoint ignore_configured_endpoint_urls
    defaults_mode tcp_keepalive request_min_compression_size_bytes disable_request_compression
    client_context_params sigv4a_signing_region_set request_checksum_calculation response_checksum_validation
    account_id_endpoint_mode auth_scheme_preference""".split())
# The names of those that may be given by position, in botocore's order.
POSITIONS = ("region_name", "signature_version", "user_agent", "user_agent_extra", "user_agent_appid", "connect_timeout",
             "read_timeout")


class Config:
    def __init__(self, *args, **settings):
        for name in settings:
            if name not in OPTIONS:
                raise TypeError("Got unexpected keyword argument '%s'" % name)
        if len(args) > len(POSITIONS):
            raise TypeError("Takes at most %d arguments (%d given)" % (len(POSITIONS), len(args)))
        for name, value in zip(POSITIONS, args):
            if name in settings:
                raise TypeError("Got multiple values for keyword argument '%s'" % name)
            settings[name] = value
        check_retries(settings.get("retries"))
        self._settings = settings

    def __getattr__(self, name):
        if name in OPTIONS:
            default = {"read_timeout": READ_TIMEOUT_SECONDS, "connect_timeout": 60, "max_pool_connections": 10}
            return self._settings.get(name, default.get(name))
        raise AttributeError("'Config' object has no attribute '%s'" % name)

    def merge(self, other):
        return Config(**{**self._settings, **other._settings})


def check_retries(retries):
    if retries is None:
        return
    for name, value in retries.items():
        if name not in ("max_attempts", "mode", "total_max_attempts"):
            raise InvalidRetryConfigurationError(retry_config_option=name)
        if name == "max_attempts" and value < 0:
            raise InvalidMaxRetryAttemptsError(provided_max_attempts=value, min_value=0)
        if name == "total_max_attempts" and value < 1:
            raise InvalidMaxRetryAttemptsError(provided_max_attempts=value, min_value=1)
        if name == "mode" and value not in RETRY_MODES:
            raise InvalidRetryModeError(provided_retry_mode=value, valid_modes=", ".join(RETRY_MODES))


def patience(config):
    """How often a client sends a request at most (None for what botocore does by itself), and how many milliseconds it
    waits for an answer."""
    retries = (config.retries if config is not None else None) or {}
    attempts = retries.get("total_max_attempts")
    if attempts is None and retries.get("max_attempts") is not None:
        # botocore: `max_attempts` counts what comes after the first one.
        attempts = retries["max_attempts"] + 1
    if attempts is None:
        given = os.environ.get("AWS_MAX_ATTEMPTS", "")
        attempts = int(given) if given.isdigit() and int(given) > 0 else None
    if attempts is None and retries.get("mode", os.environ.get("AWS_RETRY_MODE", "legacy")) != "legacy":
        attempts = STANDARD_ATTEMPTS_MAX
    seconds = config.read_timeout if config is not None else READ_TIMEOUT_SECONDS
    # botocore: `None` waits for ever.
    return attempts, (1 << 53) if seconds is None else max(1, int(seconds * 1000))
