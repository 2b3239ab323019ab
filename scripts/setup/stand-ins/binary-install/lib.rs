//! Nothing: `worker-build` 0.8.7 names `binary-install` among its dependencies, but uses nothing of it. Left out, it spares
//! set-up more than a hundred crates.
