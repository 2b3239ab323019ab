//! What the relay does for its users, over a platform that can fail: the use cases of `app`, whole.

mod adopting;
mod consuming;
mod costs;
mod deliveries;
mod destinations;
mod faults;
mod following;
mod formats;
mod forwarding;
mod limiting;
mod measuring;
mod merging;
mod migrating;
mod notifying;
mod pruning;
mod racing;
mod reading;
mod registering;
mod removing;
mod replaying;
mod retrying;
mod sending;
mod sources;
mod taking;
mod variables;
mod watching;
