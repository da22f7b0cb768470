import ContractRuntime
import Generated

// Web push, as a part of the settings.
extension Dashboard {
    /// The browsers that receive CRITICAL notifications, and the form that subscribes this one.
    func pushBlocks(_ request: WebRequest) async throws(Problem) -> [Block] {
        guard let key = try await api.getPushKey(input(request)).body.publicKey else {
            return [Block("push", "Web push", .text("Web push is off. An administrator turns it on with PUSH_KEY."))]
        }
        if request.authentication.kind == .provider {
            let text = "People of the OpenID provider cannot subscribe browsers: only tokens can."
            return [Block("push", "Web push", .text(text))]
        }
        let subscriptions = try await api.listPushSubscriptions(input(request)).body.items
        let subscribe = Form(
            action: "/push-subscriptions",
            hidden: [Form.Hidden(name: "key", value: key)]
                + ["endpoint", "p256dh", "auth", "device"].map { Form.Hidden(name: $0, value: "") },
            buttons: [Form.Button("Subscribe this browser", look: "first")]
        )
        return [
            Block(
                "push",
                "Web push",
                note: "CRITICAL notifications, also while no page is open. Subscribing needs JavaScript.",
                .table(Self.table(of: subscriptions))
            ),
            // Only a script can subscribe a browser.
            Block("subscribe", shape: "plain scripted", .form(subscribe)),
        ]
    }

    private static func table(of subscriptions: [PushSubscription]) -> Table {
        Table(
            caption: "Your subscribed browsers",
            columns: [
                .init("Browser"), .init("Push service"), .init("Subscribed"), .init("Last message"),
                .init("Last error"), .init("Action"),
            ],
            rows: subscriptions.map { subscription in
                let remove = Form(
                    action: "/push-subscriptions/\(subscription.subscriptionID.text)/delete",
                    shape: "inline",
                    buttons: [Form.Button("Remove", look: "small", label: "Remove \(subscription.device)")]
                )
                return Row(
                    key: subscription.subscriptionID.text,
                    cells: [
                        .text(subscription.device), .text(subscription.service),
                        .time(Moment(subscription.createdAt)), .time(subscription.sentAt.map { Moment($0) }),
                        .text(subscription.lastError), Cell(forms: [remove]),
                    ]
                )
            },
            empty: Table.Empty(text: "No browser of yours is subscribed")
        ).labelled()
    }

    func subscribe(_ request: WebRequest) async throws(Problem) -> String {
        let body = JSONObject { json in
            json.member("endpoint", request.form["endpoint"])
            json.member("p256dh", request.form["p256dh"])
            json.member("auth", request.form["auth"])
            json.member("device", request.form["device"])
        }
        _ = try await api.createPushSubscription(input(request, body: body))
        return "/settings?tab=notifications&done=subscribed"
    }

    func unsubscribe(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        _ = try await api.deletePushSubscription(input(request, path: [id]))
        return "/settings?tab=notifications&done=unsubscribed"
    }
}
