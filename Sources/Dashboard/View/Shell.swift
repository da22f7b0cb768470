import ContractRuntime
import Generated

/// The frame of every page: header, navigation and banners.
struct Shell {
    let theme: String?
    let tabTitle: String
    let state: State
    let environment: String
    let now: Moment
    let user: String
    let csrf: String
    let path: String
    let themes: [Form.Button]
    let navigation: [Group]
    /// The banner about an outage of the API.
    let outage: Banner?
    let banners: [Banner]
    let page: PageView
    let renderedBlocks: [RenderedBlock]
    let hasTabs: Bool
    let hasViews: Bool

    struct State {
        let kind: String
        let shape: String
        let text: String
        /// The prefix of the browser tab's title.
        var mark = ""
    }

    struct Group {
        let title: String
        let links: [Link]
    }

    struct Link {
        let text: String
        let href: String
        let isCurrent: Bool
        let count: Int?
    }

    struct Banner {
        let text: String
        let look: String
        let role: String
    }

    init(
        _ page: PageView,
        of request: WebRequest,
        environment: String,
        fleet: Fleet?,
        availability: APIAvailability,
        banners: [Banner]
    ) {
        let state = State(fleet, availability)
        theme = request.theme
        tabTitle = "\(state.mark)\(page.title) · Flotilla"
        self.state = state
        self.environment = environment
        now = Moment(.now)
        user = request.principal.name
        csrf = request.csrf
        path = "/" + request.path.map { PercentEncoding.encode($0) }.joined(separator: "/")
        themes = [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")].map { Form.Button($0.1, value: $0.0) }
        navigation = Self.navigation(request.path, fleet)
        outage = availability.banner()
        self.banners = banners
        self.page = page
        renderedBlocks = page.blocks.map { RenderedBlock($0, csrf: request.csrf, known: request.known) }
        hasTabs = !page.tabs.isEmpty
        hasViews = !page.views.isEmpty
    }

    private static func navigation(_ path: [String], _ fleet: Fleet?) -> [Group] {
        let place =
            path.prefix(2) == ["admin", "modules"] || path.first == "module-runs" ? "admin/modules" : path.first
        func link(_ text: String, _ name: String, _ count: Int? = nil) -> Link {
            Link(text: text, href: "/" + name, isCurrent: place == name, count: count == 0 ? nil : count)
        }
        let alerts = fleet?.alerts.urgent
        return [
            Group(
                title: "Operations",
                links: [
                    link("Dashboard", "dashboard"), link("Bots", "bots"), link("Commands", "commands"),
                    link("Approvals", "approvals", fleet?.commands.awaitingApproval), link("Alerts", "alerts", alerts),
                ]
            ),
            Group(
                title: "Money",
                links: [
                    link("Portfolio", "portfolio"), link("Trades", "trades"), link("Analytics", "analytics"),
                    link("Reconciliation", "reconciliation"),
                ]
            ),
            Group(title: "Intelligence", links: [link("Markets", "markets"), link("Datasets", "datasets")]),
            Group(
                title: "System",
                links: [
                    link("Modules / Admin", "admin/modules"), link("Audit log", "audit"), link("System", "system"),
                    link("Settings", "settings"),
                ]
            ),
        ]
    }
}
