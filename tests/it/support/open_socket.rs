//! A socket between the Worker and an object.

use super::object::Socket;
use super::world::World;
use bitrix24_edge_relay::app::ports::{Feed, Heard};
use std::rc::Rc;

/// A socket of the Worker.
pub struct OpenSocket {
    pub(super) world: Rc<World>,
    pub(super) socket: Rc<Socket>,
}

impl Feed for OpenSocket {
    async fn hear(&mut self, within_millis: u32) -> Heard {
        self.world.hear(&self.socket, within_millis).await
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.socket.is_closed.set(true);
    }
}
