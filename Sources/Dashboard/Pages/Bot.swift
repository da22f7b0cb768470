import ContractRuntime
import Generated

/// The tabs of the page of an instance.
enum BotTab: String, CaseIterable {
    case overview, trades, metrics, configuration, history

    var title: String {
        switch self {
        case .overview: "Overview"
        case .trades: "Trades and costs"
        case .metrics: "Metrics"
        case .configuration: "Configuration"
        case .history: "History"
        }
    }
}

extension Dashboard {
    /// `/bots/{bot_id}/{instance_id}`, or `/bots/{bot_id}` if the bot has only one instance.
    func bot(_ botID: String, _ instanceID: String?, _ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await api.listInstances(
            input(request, ["bot_id": botID, "instance_id": instanceID, "page_size": "200"])
        ).body
        guard let instance = page.items.first else {
            guard let instanceID else { throw .noPage }
            return try await retiredInstance(instanceID, request)
        }
        if page.items.count > 1 {
            return try await bots(request.withQuery(request.query.with("bot_id", botID)))
        }
        let tab = request.query["tab"].flatMap(BotTab.init(rawValue:)) ?? .overview
        // Without an instance, the page already has all instances of the bot.
        let siblings =
            instanceID == nil
            ? page : try await api.listInstances(input(request, ["bot_id": botID, "page_size": "200"])).body
        let drift = StrategyDrift(siblings)
        let cause = try await cause(of: instance, request)
        let facts = Self.facts(instance, drift, cause, siblings)
        let head = Block("state", "Instance \(instance.instanceID)", asOf: page.generatedAt, .facts(facts))
        var view = PageView(
            title: instance.botID,
            tabs: BotTab.allCases.map { other in
                PageView.Tab(
                    text: other.title,
                    href: "\(instance.page)?tab=\(other.rawValue)",
                    isCurrent: other == tab
                )
            },
            blocks: [head] + Self.banner(drift) + (try await openAlerts(of: instance, request))
        )
        switch tab {
        case .overview: view.blocks += try await overview(of: instance, siblings, request)
        case .trades: try await addTrades(of: instance, to: &view, request)
        case .metrics: view.blocks += try await metrics(of: instance, request)
        case .configuration: view.blocks += Self.configuration(of: instance)
        case .history: try await addHistory(of: instance, to: &view, request)
        }
        return view
    }

    /// Why an instance does not trade; nil if it does, or if it does not report.
    private func cause(of instance: Instance, _ request: WebRequest) async throws(Problem) -> Cell? {
        guard StateExplanation.explains(instance.status) else { return nil }
        if let cell = instance.stateCause.flatMap(StateExplanation.cell) { return cell }
        let query: Fields = ["instance_id": instance.instanceID, "page_size": "50"]
        return StateExplanation.cell(instance.status, try await api.listCommands(input(request, query)).body.items)
    }

    /// The maximum number of open alerts above the tabs' content.
    private static var alertsShown: Int { 3 }

    /// The newest open alerts of an instance, with their actions.
    private func openAlerts(of instance: Instance, _ request: WebRequest) async throws(Problem) -> [Block] {
        let query: Fields = [
            "target_id": instance.instanceID, "status": AlertStatus.open.rawValue, "page_size": "\(Self.alertsShown)",
        ]
        let page = try await api.listAlerts(input(request, query)).body
        if page.items.isEmpty { return [] }
        let canAcknowledge = permits(AcknowledgeAlert.Input.self, request)
        let items = page.items.map { alert in
            let path = "/alerts/\(alert.alertID.text)"
            let acknowledge = Form(
                action: "\(path)/ack",
                shape: "inline",
                hidden: [Form.Hidden(name: "return", value: instance.page)],
                buttons: [Form.Button("Acknowledge", look: "small")]
            )
            return Block.Item(
                icon: StatusIcon(alert.severity),
                text: alert.message,
                href: path,
                time: Moment(alert.firstAt),
                forms: canAcknowledge ? [acknowledge] : []
            )
        }
        let all = Block.Link(text: "All alerts", href: "\(instance.page)?tab=history&view=alerts")
        let title = page.total == 1 ? "1 open alert" : "\(page.totalText) open alerts"
        return [Block("attention", title, asOf: .now, more: all, .items(items, empty: ""))]
    }

    /// The facts and the metadata that the instance reported about itself.
    private static func configuration(of instance: Instance) -> [Block] {
        [
            Block("setup", "Reported configuration", .facts(setup(instance))),
            Block("metadata", "Metadata of the latest heartbeat", .code(PrettyJSON.text(instance.metadata))),
        ]
    }
}

extension StrategyDrift {
    /// Compares the instances of a page, which are those of one bot.
    init?(_ page: InstancePage) {
        self.init(page.items, isComplete: page.items.count == page.total)
    }
}

extension WebRequest {
    /// A copy of the request with another query.
    func withQuery(_ query: Fields) -> WebRequest {
        var request = self
        request.query = query
        return request
    }
}
