//! A live tail, as its client reads it.

use super::open_socket::OpenSocket;
use super::ports::Ports;
use super::world::World;
use bitrix24_edge_relay::app::edge::tail::Tail;
use std::rc::Rc;

/// A live tail, and who reads it.
pub struct LiveTail {
    pub(super) world: Rc<World>,
    pub(super) ports: Ports,
    pub(super) tail: Box<Tail<OpenSocket>>,
}

impl LiveTail {
    /// The next text that the client is sent; nothing at the end.
    pub fn next(&mut self) -> Option<String> {
        self.world.run(self.tail.next(&self.ports))
    }

    /// The places of the events in the next text.
    pub fn places(&mut self) -> Vec<i64> {
        let text = self.next().expect("the tail goes on");
        let blocks = text.split("\n\n").filter(|block| block.contains("data: "));
        blocks.filter_map(|block| block.strip_prefix("id: ")?.lines().next()?.parse().ok()).collect()
    }
}
