// What read_chats.cjs posts through the control interface, and what the client has to read then: written out, since
// what the sandbox sends can't show that the sandbox forgot something.

"use strict";

const { ChatSessionStatus } = require("@superoffice/webapi");

const POSTED_CHAT = {
  topic_id: 7, topic_name: "Returns", status: "InQueue", agent: "Kari Nordmann", person_id: 31, contact_id: 41,
  customer_name: "Ola Hansen", customer_email: "ola@customer.example", customer_phone: "+47 99 99 99 99",
  customer_company_name: "Hansen & Sons", customer_host: "192.0.2.7", customer_consented: true,
  when_requested: "2026-02-03T04:05:06Z", initial_queue_pos: 3, rating: 4, chatbot_is_active: true,
};
const POSTED_MESSAGES = [
  { type: "ToUser", message: "Hello <there>", author: "Ola", when_posted: "2026-02-03T04:06:00Z", read_by_customer: 1 },
  { type: "ToCustomer", message: "Hi", author: "Kari Nordmann", when_posted: "2026-02-03T05:07:00.25+01:00" },
  { type: "Special", message: "", author: "", special_type: "ClosedByUser", special_param: "7",
    when_posted: "2026-02-03T04:08:00Z" },
];
const READ_MESSAGES = [
  { Type: "ToUser", Message: "Hello <there>", Author: "Ola", ReadByCustomer: 1, SpecialType: "None",
    SpecialParam: "", WhenPosted: Date.UTC(2026, 1, 3, 4, 6, 0) },
  { Type: "ToCustomer", Message: "Hi", Author: "Kari Nordmann", ReadByCustomer: 0, SpecialType: "None",
    SpecialParam: "", WhenPosted: Date.UTC(2026, 1, 3, 4, 7, 0, 250) },
  { Type: "Special", Message: "", Author: "", ReadByCustomer: 0, SpecialType: "ClosedByUser",
    SpecialParam: "7", WhenPosted: Date.UTC(2026, 1, 3, 4, 8, 0) },
];
const MESSAGE_PROPERTIES = ["ChatMessageId", "ChatSessionId", ...Object.keys(READ_MESSAGES[0])];
// Plain values of the posted chat session's entity; a Date is an instant.
const READ_ENTITY = {
  TopicId: 7, Status: ChatSessionStatus.Finished, TransferTo: null, Project: null, Sale: null, Ticket: null,
  CustomerAlias: "Ola", CustomerName: "Ola Hansen", CustomerEmail: "ola@customer.example",
  CustomerPhone: "+47 99 99 99 99", CustomerCompanyName: "Hansen & Sons", CustomerHost: "192.0.2.7",
  CustomerConsented: true, FirstMessage: "Hello <there>", LastMessage: "Hi",
  WhenRequested: new Date("2026-02-03T04:05:06Z"), WhenStarted: new Date("2026-02-03T04:07:00.250Z"),
  WhenEnded: new Date("2026-02-03T04:08:00Z"), WhenIdle: new Date("2026-02-03T04:08:00Z"),
  InitialQueuePos: 3, AlertLevel: 0, Rank: 0, Rating: 4, ChatbotIsActive: true,
};
// Those whose value is the sandbox's own, or an object of its own, of which the check looks at a part.
const ENTITY_PROPERTIES = [
  ...Object.keys(READ_ENTITY), "ChatSessionId", "User", "Person", "Contact", "WhenFetched", "SessionKey", "Flags",
  "TableRight", "FieldProperties",
];
const TOPIC_PROPERTIES = [
  "ChatTopicId", "Name", "Description", "WelcomeMessage", "Language", "LastAccept", "SecondsPrAccept",
  "AlertRecipient", "AlertTemplate", "CollectConsent", "BadgeHeader", "CustomQueueTextEnabled", "CustomQueueText",
  "WarnNewChatMinutes", "WarnManagerNewChatMinutes", "TicketEnabled", "TicketCategory", "TicketPriority",
  "OpeningHoursEnabled", "OpeningHours", "Widget", "BotEnabled", "BotSettings", "OfflineCollectConsent",
  "WarnChatMessageMinutes", "WarnManagerChatMessageMinutes", "UseQueueOfflineForm", "OfflineFormTimeLimit",
  "OfflineFormQueueLength", "WidgetEnableRating", "WidgetRatingText", "TableRight", "FieldProperties",
];

module.exports = {
  POSTED_CHAT, POSTED_MESSAGES, READ_MESSAGES, READ_ENTITY, MESSAGE_PROPERTIES, ENTITY_PROPERTIES, TOPIC_PROPERTIES,
};
