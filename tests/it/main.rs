//! Native integration tests of the whole, in one binary.

mod delivering;
mod fixtures;
mod fuzzing;
mod growth;
mod installing;
mod model;
mod normalizing;
mod parsing;
mod php_vectors;
mod properties;
mod relay;
mod support;
mod timing;
mod worst_cases;
