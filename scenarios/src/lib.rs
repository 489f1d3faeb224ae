//! The order system of the worked example: native handlers for its functions.
