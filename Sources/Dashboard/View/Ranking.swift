import ContractRuntime
import Generated

/// How a list of instances is sorted. The query parameters are those of the API.
struct Ranking {
    let path: String
    let sort: ListInstancesSort
    let order: ListInstancesOrder
    private let others: Fields

    /// - Parameter others: The other parameters of the page, which the links of the columns keep.
    init(_ request: WebRequest, path: String, standard: ListInstancesSort, others: Fields = .none) {
        self.path = path
        self.others = others
        sort = request.query["sort"].flatMap(ListInstancesSort.init(rawValue:)) ?? standard
        order = request.query["order"].flatMap(ListInstancesOrder.init(rawValue:)) ?? .asc
    }

    var query: Fields { Fields(of: [("sort", sort.rawValue), ("order", order.rawValue)]) }

    /// A column whose title sorts by it; the title of the column that the list is sorted by reverses the order. Figures begin with the
    /// highest if that is the worst.
    func column(_ title: String, _ sort: ListInstancesSort) -> Table.Column {
        let isCurrent = self.sort == sort
        let first: ListInstancesOrder = sort.beginsHighest ? .desc : .asc
        let next = isCurrent ? (order == .asc ? ListInstancesOrder.desc : .asc) : first
        let link = others.with("sort", sort.rawValue).with("order", next.rawValue)
        return Table.Column(
            title,
            isNumeric: sort.isOfFigure,
            href: "\(path)?\(link.text)",
            order: isCurrent ? (order == .asc ? "ascending" : "descending") : nil
        )
    }
}

extension ListInstancesSort {
    /// Whether it compares figures, which are aligned on the right.
    var isOfFigure: Bool {
        switch self {
        case .worst, .bot, .mode, .exchange, .symbol, .version, .strategy, .software, .openAlerts, .firstSeen: false
        default: true
        }
    }

    /// Whether the highest figure is the worst.
    fileprivate var beginsHighest: Bool {
        [.drawdown, .grossExposure, .slippage, .clockLag, .openAlerts, .waitingCommands].contains(self)
    }
}
