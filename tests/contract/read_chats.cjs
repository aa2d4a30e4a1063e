// Reads a sandbox with the vendor's client as its README has it, and compares with what this script posted, with the
// properties that the reference and the client know, and with what the sandbox says that it holds.
//
// CONTRACT_URL is the sandbox's root; CONTRACT_USERNAME, _PASSWORD, _TICKET and _TOKEN are its credentials. TZ has to
// be the tenant's base zone. A line for each check; the exit code is 1 when one fails.
//
// CommonJS, since Node can't load the client's other build without a bundler: its imports lack file endings.

"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { WebApi, ChatMessageType, ChatMessageSpecialType, ChatSessionStatus } = require("@superoffice/webapi");

const {
  POSTED_CHAT, POSTED_MESSAGES, READ_MESSAGES, READ_ENTITY, MESSAGE_PROPERTIES, ENTITY_PROPERTIES, TOPIC_PROPERTIES,
} = require("./posted.cjs");

const { CONTRACT_URL, CONTRACT_USERNAME, CONTRACT_PASSWORD, CONTRACT_TICKET, CONTRACT_TOKEN } = process.env;
const SITE = `${CONTRACT_URL}/SuperOffice`;
const UTC = { baseUrl: SITE, timezone: "utc", timezoneInclude: true };
const UNKNOWN = 999999;

// Each makes a connection of its own, which forgets the credentials of the one before.
function agent(options, authenticate) {
  const webapi = new WebApi(options);
  authenticate(webapi);
  return webapi.getChatAgent();
}

const signedIn = (options) => agent(options, (w) => w.authenticateWithPassword(CONTRACT_USERNAME, CONTRACT_PASSWORD));

// What the sandbox holds, and what it sends to one who reads the reply itself.
async function json(address, options = {}) {
  const reply = await fetch(CONTRACT_URL + address, options);
  assert.equal(reply.status, 200, address);
  return reply.json();
}

function raw(address) {
  const basic = Buffer.from(`${CONTRACT_USERNAME}:${CONTRACT_PASSWORD}`).toString("base64");
  const headers = { Authorization: `Basic ${basic}`, "SO-TimeZone": "UTC, includeTZOffset" };
  return json(`/SuperOffice/api/v1${address}`, { headers });
}

const control = (address, body) => json(`/control${address}`, { method: "POST", body: JSON.stringify(body) });

// A message of the client, back in the words of the wire. The time is compared as an instant.
function wire(message) {
  assert.ok(message.whenPosted instanceof Date, "whenPosted is no Date");
  return {
    ChatMessageId: message.chatMessageId,
    ChatSessionId: message.chatSessionId,
    Type: ChatMessageType[message.type],
    Message: message.message,
    Author: message.author,
    ReadByCustomer: message.readByCustomer,
    SpecialType: ChatMessageSpecialType[message.specialType],
    SpecialParam: message.specialParam,
    WhenPosted: message.whenPosted.getTime(),
  };
}

const held = (row) => ({ ...row, WhenPosted: new Date(row.WhenPosted).getTime() });

const camel = (name) => name[0].toLowerCase() + name.slice(1);

// The object on the wire and the client's declaration of it both have exactly these properties.
function assertProperties(name, object, properties) {
  assert.deepEqual(Object.keys(object).sort(), [...properties].sort(), `${name} has other properties`);
  assert.deepEqual(declared(name).sort(), properties.map(camel).sort(), `the client's ${name} has other properties`);
}

// The properties of an interface in the client's declarations, with the two that every carrier has.
function declared(name) {
  const file = path.join(path.dirname(require.resolve("@superoffice/webapi")), "Carriers.d.ts");
  const pattern = new RegExp(`^export interface ${name}( extends Carrier)? {\n(.*?)^}`, "ms");
  const [, isCarrier, body] = readFileSync(file, "utf8").match(pattern);
  const names = [...body.matchAll(/^    (\w+)\?: /gm)].map((found) => found[1]);
  return isCarrier ? [...names, "tableRight", "fieldProperties"] : names;
}

// Every plain property of a carrier against the object on the wire.
function compareCarrier(carrier, object, enums = {}) {
  let compared = 0;
  for (const [name, value] of Object.entries(object)) {
    let found = carrier[camel(name)];
    if (/^(When|Last)/.test(name) && /^\d{4}-/.test(value)) {
      assert.ok(found instanceof Date, `${name} is no Date`);
      assert.equal(found.getTime(), new Date(value).getTime(), name);
    } else if (name in enums) {
      assert.equal(enums[name][found], value, name);
    } else if (value === null) {
      assert.equal(found, null, name);
    } else if (typeof value !== "object" && name !== "Flags") {
      assert.equal(found, value, name);
    } else {
      continue;
    }
    compared += 1;
  }
  assert.ok(compared > 20, `only ${compared} properties could be compared`);
}

// A chat session with POSTED_MESSAGES, and the ids that it got.
async function post(changes = {}) {
  const { chat_session_id: id } = await control("/chat-sessions", { ...POSTED_CHAT, ...changes });
  const messages = [];
  for (const message of POSTED_MESSAGES) {
    messages.push((await control("/messages", { chat_session_id: id, ...message })).chat_message_id);
  }
  return { id, messages };
}

async function status(promise) {
  try {
    await promise;
  } catch (error) {
    return error.response?.status ?? String(error);
  }
  return "resolved";
}

const checks = {
  async "what was posted is read as it was posted"({ posted: { id, messages } }) {
    const ids = messages.map((each) => ({ ChatMessageId: each, ChatSessionId: id }));
    const expected = READ_MESSAGES.map((each, index) => ({ ...ids[index], ...each }));
    assert.deepEqual((await signedIn(UTC).getChatMessagesAsync(id, 0)).map(wire), expected);
    const rows = await raw(`/ChatSession/${id}/Messages`);
    assert.equal(rows.length, expected.length);
    for (const row of rows) assertProperties("ChatMessage", row, MESSAGE_PROPERTIES);
  },
  async "the entity of what was posted has every property, with what was posted"({ posted: { id }, refusing }) {
    const chat = signedIn(UTC);
    const { _Links, ...object } = await raw(`/ChatSession/${id}`);
    assertProperties("ChatSessionEntity", object, ENTITY_PROPERTIES);
    const entity = await chat.getChatSessionEntityAsync(id);
    for (const [name, value] of Object.entries(READ_ENTITY)) assert.deepEqual(entity[camel(name)], value, name);
    assert.equal(entity.chatSessionId, id);
    const { associateId, name, userName, ejUserId, personId: agentId, fullName: agentName } = entity.user;
    assert.deepEqual([agentName, name, userName], ["Kari Nordmann", "KARI", "kari"]);
    for (const each of [associateId, ejUserId, agentId]) assert.ok(each > 0, "an id of the agent is missing");
    const { personId, fullName, email, contactId } = entity.person;
    assert.deepEqual([personId, fullName, email, contactId], [31, "Ola Hansen", "ola@customer.example", 41]);
    assert.equal(entity.contact.contactId, 41);
    assert.ok(entity.sessionKey && entity.whenFetched instanceof Date);
    const other = await chat.getChatSessionEntityAsync(refusing.id);
    assert.deepEqual([other.customerConsented, other.chatbotIsActive, other.person], [false, false, null]);
  },
  async "the channel of what was posted has every property, and its name"() {
    const { _Links, ...object } = await raw("/ChatTopic/7");
    assertProperties("ChatTopicEntity", object, TOPIC_PROPERTIES);
    const topic = await signedIn(UTC).getChatTopicEntityAsync(7);
    assert.deepEqual([topic.chatTopicId, topic.name], [7, "Returns"]);
  },
  async "every chat session read whole is what the sandbox holds"({ rows, ids }) {
    const chat = signedIn(UTC);
    for (const id of ids) {
      const expected = rows.filter((row) => row.ChatSessionId === id).map(held);
      assert.deepEqual((await chat.getChatMessagesAsync(id, 0)).map(wire), expected);
    }
    assert.ok(rows.length > 100 && ids.length > 10);
  },
  async "a read after any message brings exactly the later ones"({ rows, ids }) {
    const chat = signedIn(UTC);
    for (const id of ids.slice(-4)) {
      const expected = rows.filter((row) => row.ChatSessionId === id).map(held);
      for (const { ChatMessageId: after } of expected) {
        const found = await chat.getChatMessagesAsync({ chatSessionId: id, after });
        assert.deepEqual(found.map(wire), expected.filter((row) => row.ChatMessageId > after));
      }
    }
  },
  async "times are the same instant whatever zone is asked for"({ rows }) {
    const [first] = rows;
    const expected = rows.filter((row) => row.ChatSessionId === first.ChatSessionId).map(held);
    const chat = signedIn({ baseUrl: SITE });
    for (const options of [
      { timezone: "utc", timezoneInclude: true },
      { timezone: "US-NY", timezoneInclude: true },
      { timezone: "261", timezoneInclude: true },
      { timezoneInclude: true },
      undefined, // no header: no suffix, the tenant's base zone
    ]) {
      const found = await chat.getChatMessagesAsync(first.ChatSessionId, 0, options);
      assert.deepEqual(found.map(wire), expected, JSON.stringify(options));
    }
  },
  async "every chat session's entity arrives as the sandbox sends it"({ rows, ids }) {
    const chat = signedIn(UTC);
    let ended = 0;
    for (const id of ids) {
      const object = await raw(`/ChatSession/${id}`);
      const entity = await chat.getChatSessionEntityAsync(id);
      // Moves with every read of an open chat; _Links are REST's own.
      for (const name of ["WhenFetched", "_Links"]) delete object[name];
      compareCarrier(entity, object, { Status: ChatSessionStatus });
      const last = rows.filter((row) => row.ChatSessionId === id).at(-1);
      assert.equal(entity.whenIdle.getTime(), new Date(last?.WhenPosted ?? object.WhenIdle).getTime());
      assert.equal(entity.user?.fullName, object.User?.FullName);
      assert.equal(entity.user?.associateId, object.User?.AssociateId);
      assert.equal(entity.person?.personId, object.Person?.PersonId);
      assert.equal(entity.contact?.contactId, object.Contact?.ContactId);
      ended += entity.status === ChatSessionStatus.Finished;
    }
    assert.ok(ended > 5);
  },
  async "an unknown chat session has no entity, no messages and no transcript"() {
    const chat = signedIn(UTC);
    assert.equal(await chat.getChatSessionEntityAsync(UNKNOWN), null);
    assert.deepEqual(await chat.getChatMessagesAsync(UNKNOWN, 0), []);
    assert.equal(await chat.getChatTranscriptAsync(UNKNOWN, false), null);
    assert.equal(await chat.getChatTopicEntityAsync(UNKNOWN), null);
  },
  async "a transcript is one string that holds every text"({ rows, ids }) {
    const chat = signedIn(UTC);
    for (const id of ids.slice(-3)) {
      const plain = await chat.getChatTranscriptAsync(id, false);
      const html = await chat.getChatTranscriptAsync({ chatSessionId: id, html: true });
      assert.equal(typeof plain, "string");
      assert.equal(typeof html, "string");
      for (const row of rows.filter((each) => each.ChatSessionId === id)) assert.ok(plain.includes(row.Message));
    }
  },
  async "the user's chat sessions and channels are all there"({ ids }) {
    const chat = signedIn(UTC);
    const sessions = await chat.chatSessionsForUserAsync();
    assert.deepEqual(sessions.map((each) => each.chatSessionId), ids);
    const topics = await chat.chatTopicsForUserAsync();
    assert.deepEqual([...new Set(sessions.map((each) => each.topicId))].sort((a, b) => a - b),
      topics.map((each) => each.chatTopicId));
    for (const topic of topics) {
      assert.deepEqual(await chat.getChatTopicEntityAsync(topic.chatTopicId), topic);
      const object = await raw(`/ChatTopic/${topic.chatTopicId}`);
      delete object._Links;
      compareCarrier(topic, object);
    }
  },
  async "a ticket and a token sign in too"({ ids }) {
    for (const authenticate of [
      (w) => w.authenticateWithTicket(CONTRACT_TICKET),
      (w) => w.authenticateWithToken(CONTRACT_TOKEN),
    ]) {
      assert.equal((await agent(UTC, authenticate).getChatSessionEntityAsync(ids[0])).chatSessionId, ids[0]);
    }
  },
  async "without a credential, and with a wrong one, every read is rejected"({ ids }) {
    for (const authenticate of [
      () => {},
      (w) => w.authenticateWithPassword(CONTRACT_USERNAME, "wrong"),
      (w) => w.authenticateWithTicket("7T:wrong"),
    ]) {
      const chat = agent(UTC, authenticate);
      assert.equal(await status(chat.getChatMessagesAsync(ids[0], 0)), 401);
      assert.equal(await status(chat.getChatSessionEntityAsync(ids[0])), 401);
    }
  },
};

async function main() {
  const posted = await post();
  const refusing = await post({ customer_consented: false, chatbot_is_active: false, person_id: 0 });
  const rows = await json("/control/truth");
  const { chat_sessions: count } = await json("/control/summary");
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  let failed = 0;
  for (const [sentence, check] of Object.entries(checks)) {
    try {
      await check({ rows, ids, posted, refusing });
      console.log(`ok    ${sentence}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${sentence}: ${error.message.slice(0, 2000)}`);
    }
  }
  const total = Object.keys(checks).length;
  console.log(`${total - failed} of ${total} checks passed, with ${ids.length} chat sessions, ${rows.length} messages`);
  process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
