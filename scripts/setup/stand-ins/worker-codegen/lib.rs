//! Nothing: only the command `worker-codegen` uses it, which comes with `worker-build` and is not installed here.
