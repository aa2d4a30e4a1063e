"""English chats."""

from archiver.sandbox.chats.phrases.language import Language, Story, agent, customer

ENGLISH = Language(
    channel="Customer support",
    bot="Robin (bot)",
    agents=("Kim Larsen", "Priya Nair", "Tom O'Brien"),
    customers=(
        ("Alice Morgan", "alice.morgan"),
        ("James O'Connor", "james.oconnor"),
        ("Zoë Whitfield", "zoe.whitfield"),
        ("Samuel Okafor", "s.okafor"),
        ("Grace Lee-Thompson", "grace.lt"),
    ),
    welcome="Welcome to Customer support! We usually answer within two minutes.",
    bot_question="Hi, I'm Robin 🤖 What can we help you with?",
    greetings=(
        "Hello {customer}, this is {agent}. Let me have a look.",
        "Hi {customer}! {agent} here 👋 Give me a second to read that.",
    ),
    stories=(
        Story(
            option="Order & delivery",
            turns=(
                customer(
                    "Hi, my order {order} should have been here {days} days ago & I can't find it anywhere",
                    'where is my parcel?? order {order}, the tracking page just says "in transit"',
                ),
                agent(
                    "Is it the blue office chair, going to the warehouse address?", "Which postcode was it sent to?"
                ),
                customer("Yes, that one.", "The one on the invoice, nothing has changed"),
                agent(
                    "It's at the depot:\n- arrived yesterday\n- out for delivery tomorrow, 8-12",
                    "Found it: it was sorted to the wrong depot. I've asked for delivery within {days} days.",
                ),
                customer("Ok. Can they leave it at the reception?", "Tomorrow is fine, I'm in until noon."),
                agent("Done, I've added a note for the driver.", "Noted on the shipment. You'll get a text message."),
            ),
        ),
        Story(
            option="Invoice",
            turns=(
                customer(
                    "Invoice {invoice} shows {amount} EUR, but we agreed on a 10% discount.",
                    "I think we paid {invoice} twice ({amount} EUR each time). Could you check?",
                ),
                agent(
                    "Let me open {invoice}. Do you have the quote number?", "One moment, I'm looking at {invoice}."
                ),
                customer('It\'s in the mail "Quote spring 2026 <final>"', "Sure, take your time"),
                agent("You're right, I'm sorry. A credit note over the difference is on its way to you."),
                customer("How long does that take?"),
                agent("About {days} working days.", "It will be in your account in {days} days, usually sooner."),
            ),
        ),
        Story(
            option="Login",
            turns=(
                customer(
                    "I can't log in any more. It says <b>Invalid user</b> but I haven't changed anything",
                    "Login fails since this morning, error E-4013 :(",
                ),
                agent("Do you sign in with the e-mail address or as DOMAIN\\username?"),
                customer("With the address", "ACME\\amorgan, as always"),
                agent(
                    "Your password expired last night. I've sent you a link; it's valid for an hour.",
                    "The account was locked after five attempts. I've unlocked it, please try again.",
                ),
                customer("Got it... works! 🎉", "Yes!! I'm in."),
            ),
        ),
    ),
    asides=(
        ("Does that also work on my phone?", "It does, the app shows the same as the web page."),
        ("Will I get a confirmation by e-mail?", "Yes, within a few minutes. Please look into the spam folder too."),
        ("Is there a way to see this myself next time?", "Under My page > Orders & invoices, at the top right."),
        ("Can my colleague see it too?", 'Only if she has the role "purchaser". Shall I add it?'),
        ("One more question: are you open on Saturday?", "From 9 to 13, by chat only."),
    ),
    transition=("While I have you: something else.", "Oh, and there's another thing"),
    transfer="{agent} has taken over the chat.",
    thanks=("Thank you so much, {agent}! 😊", "great, thanks", "Perfect, that was quick. Thanks!"),
    goodbyes=("You're welcome. Have a nice day!", "My pleasure, {customer}. Bye!"),
    idle="The chat was closed because nobody wrote for a while.",
    closed="The chat has ended.",
    reopened=("Sorry, it's me again. It doesn't work after all.", "Hi again, I forgot to ask something"),
)
