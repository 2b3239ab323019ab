//! Chats and chat bots.

use super::{Entry, Verb, events};

events! {
    "ONIMBOTCONTEXTGET"       => "imbot.context.get",        Other,  ["data.PARAMS.DIALOG_ID"];
    "ONIMBOTDELETE"           => "imbot.delete",             Delete, ["data.BOT_ID"];
    "ONIMBOTJOINCHAT"         => "imbot.join.chat",          Other,  ["data.PARAMS.DIALOG_ID"];
    "ONIMBOTMESSAGEADD"       => "imbot.message.add",        Add,    ["data.PARAMS.MESSAGE_ID"];
    "ONIMBOTMESSAGEDELETE"    => "imbot.message.delete",     Delete, ["data.PARAMS.MESSAGE_ID"];
    "ONIMBOTMESSAGEUPDATE"    => "imbot.message.update",     Update, ["data.PARAMS.MESSAGE_ID"];
    "ONIMBOTV2COMMANDADD"     => "imbot.v2.command.add",     Add,    ["data.message.id"];
    "ONIMBOTV2CONTEXTGET"     => "imbot.v2.context.get",     Other,  ["data.dialogId"];
    "ONIMBOTV2DELETE"         => "imbot.v2.delete",          Delete, ["data.bot.id"];
    "ONIMBOTV2JOINCHAT"       => "imbot.v2.join.chat",       Other,  ["data.dialogId"];
    "ONIMBOTV2MESSAGEADD"     => "imbot.v2.message.add",     Add,    ["data.message.id"];
    "ONIMBOTV2MESSAGEDELETE"  => "imbot.v2.message.delete",  Delete, ["data.messageId"];
    "ONIMBOTV2MESSAGEUPDATE"  => "imbot.v2.message.update",  Update, ["data.message.id"];
    "ONIMBOTV2REACTIONCHANGE" => "imbot.v2.reaction.change", Update, ["data.message.id"];
    "ONIMCOMMANDADD"          => "im.command.add",           Add,    ["data.PARAMS.MESSAGE_ID"];
    "ONIMV2JOINCHAT"          => "im.v2.join.chat",          Other,  ["data.dialogId"];
    "ONIMV2MESSAGEADD"        => "im.v2.message.add",        Add,    ["data.message.id"];
    "ONIMV2MESSAGEDELETE"     => "im.v2.message.delete",     Delete, ["data.messageId"];
    "ONIMV2MESSAGEUPDATE"     => "im.v2.message.update",     Update, ["data.message.id"];
    "ONIMV2REACTIONCHANGE"    => "im.v2.reaction.change",    Update, ["data.message.id"];
}
