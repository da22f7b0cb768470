import ContractRuntime
import Generated

/// The filters of a page: read from the query, kept in links, and rendered as a form with a chip for each active one.
struct FilterBar {
    /// A filter that a page offers.
    struct Filter {
        let name: String
        let label: String
        /// The type of a text field.
        var kind = "text"
        /// The values to choose from, with their texts; empty for a text field.
        var choices: [(value: String, text: String)] = []
        /// The value without a selection.
        var standard: String?
        /// The value that means no filter, where an empty one means `standard`.
        var none: String?
        /// Whether it filters. A range and a grouping only change the view, and cannot be removed.
        var isRemovable = true

        /// Whether a value is selected. A view without a known value is the standard one; an unknown filter must not match everything.
        func accepts(_ value: String) -> Bool {
            isRemovable || choices.contains { value.hasSameScalars(as: $0.value) }
        }

        static func text(_ name: String, _ label: String) -> Filter { Filter(name: name, label: label) }

        static func search(_ name: String, _ label: String) -> Filter {
            Filter(name: name, label: label, kind: "search")
        }

        /// A choice of all values of an enumeration, or none.
        static func cases<Value: CaseIterable & RawRepresentable<String>>(
            _ name: String,
            _ label: String,
            _ type: Value.Type,
            or none: String = "Any"
        ) -> Filter {
            Filter(name: name, label: label, choices: [("", none)] + type.allCases.map { ($0.rawValue, $0.rawValue) })
        }

        /// A choice that always has a value.
        static func view(
            _ name: String,
            _ label: String,
            _ choices: [(value: String, text: String)],
            standard: String
        ) -> Filter {
            Filter(name: name, label: label, choices: choices, standard: standard, isRemovable: false)
        }
    }

    private let path: String
    /// The parameters that links keep although they are no filters, such as the tab.
    private var kept: Fields
    private let filters: [Filter]
    /// The selected values, without standard ones.
    private let selected: Fields
    /// The names of query parameters that the page does not know.
    private let unknown: [String]

    /// Reads the filters of a request.
    ///
    /// - Parameters:
    ///   - path: The page.
    ///   - kept: The parameters that links keep although they are no filters, such as the tab and the order.
    ///   - passing: Further parameters that the page knows, such as the number of a list's page. A changed filter drops them.
    init(
        _ path: String,
        _ request: WebRequest,
        keeping kept: [String] = [],
        passing: [String] = [],
        _ filters: [Filter]
    ) {
        self.path = path
        self.filters = filters
        self.kept = Fields(of: kept.map { ($0, request.query[$0]) })
        selected = Fields(
            of: filters.map { filter in
                guard let value = request.query[filter.name], filter.standard?.hasSameScalars(as: value) != true else {
                    return (filter.name, nil)
                }
                return (filter.name, filter.accepts(value) ? value : nil)
            }
        )
        let known = Set((filters.map(\.name) + kept + passing + ["done"]).map(ExactText.init))
        unknown = request.query.pairs.map(\.name).filter { !known.contains(ExactText($0)) }
    }

    /// Makes all links keep a parameter of this value, unless they keep the parameter already.
    mutating func keep(_ name: String, _ value: String) {
        if kept[name] == nil { kept = kept.with(name, value) }
    }

    /// The value of a filter; nil if it does not filter.
    subscript(name: String) -> String? {
        let filter = filters.first { name.hasSameScalars(as: $0.name) }
        guard let value = selected[name] ?? filter?.standard else { return nil }
        return filter?.none?.hasSameScalars(as: value) == true ? nil : value
    }

    /// The parameters of a link to this page that keeps the filters.
    var query: Fields { kept.and(selected) }

    /// The parameters of a link to another view, as far as it has these filters and values.
    func query(of others: [Filter]) -> Fields {
        Fields(
            of: others.map { other in
                guard let value = selected[other.name] else { return (other.name, nil) }
                return (other.name, other.accepts(value) ? value : nil)
            }
        )
    }

    /// The values of these filters as parameters of an operation.
    func fields(_ names: String...) -> Fields { Fields(of: names.map { ($0, self[$0]) }) }

    /// The values of all removable filters.
    var active: Fields { Fields(of: filters.filter(\.isRemovable).map { ($0.name, self[$0.name]) }) }

    /// A note that names the parameters without an effect.
    var note: String? {
        unknown.isEmpty ? nil : "ignored unknown filters: \(unknown.sorted().joined(separator: ", "))"
    }

    /// The form and the chips.
    var block: Block {
        var form = Form(
            action: path,
            method: "get",
            hidden: kept.pairs.map { Form.Hidden(name: $0.name, value: $0.value) },
            fields: filters.map { filter in
                let value = selected[filter.name] ?? filter.standard ?? ""
                if filter.choices.isEmpty {
                    return Form.Field(filter.name, filter.label, kind: filter.kind, value: value)
                }
                let options = filter.choices.map { Form.Option($0.value, $0.text, selected: value) }
                return Form.Field(filter.name, filter.label, options: options)
            },
            buttons: [Form.Button("Apply filters")]
        )
        form.chips = chips
        return Block("filters", shape: "plain", .form(form))
    }

    private var chips: [Form.Chip] {
        let active = filters.filter { $0.isRemovable && self[$0.name] != nil }
        func href(_ removed: [Filter]) -> String {
            let query = removed.reduce(query) { $0.with($1.name, $1.none) }
            return query.pairs.isEmpty ? path : "\(path)?\(query.text)"
        }
        let chips = active.map { filter in
            let value = self[filter.name] ?? ""
            let text = filter.choices.first { value.hasSameScalars(as: $0.value) }?.text ?? value
            return Form.Chip(text: "\(filter.label): \(text)", href: href([filter]))
        }
        return active.count > 1 ? chips + [Form.Chip(text: "All filters", href: href(active))] : chips
    }
}

extension FilterBar.Filter {
    static let mode = FilterBar.Filter.cases("mode", "Mode", RuntimeMode.self, or: "All modes")
    static let symbol = FilterBar.Filter.text("symbol", "Symbol")
    static let currency = FilterBar.Filter.text("currency", "Currency")
    static let exchange = FilterBar.Filter.text("exchange", "Exchange")
    static let bot = FilterBar.Filter.text("bot_id", "Bot")
    static let instance = FilterBar.Filter.text("instance_id", "Instance")
    static let account = FilterBar.Filter.text("account_id", "Account")
}
