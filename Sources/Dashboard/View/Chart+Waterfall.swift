import ContractRuntime

extension Chart {
    /// A term of a sum.
    struct Term {
        let name: String
        let amount: Decimal
        /// A second text in the table.
        var note: String?
        /// The page with the entries of the term.
        var href: String?
    }

    /// A waterfall: each term begins where the previous one ends, and the last bar is their sum.
    static func waterfall(_ title: String, _ terms: [Term], total: Term) -> Chart {
        var ends: [Double] = [0]
        for term in terms { ends.append(bounded((ends.last ?? 0) + term.amount.approximate)) }
        let sum = total.amount.approximate
        let (low, high) = (min(ends.min() ?? 0, sum, 0), max(ends.max() ?? 0, sum, 0))
        // Halves, because the difference of two numbers can exceed the largest number.
        let width = max(high / 2 - low / 2, 1e-9)
        func place(_ value: Double) -> Double { (value / 2 - low / 2) / width * 100 }
        func bar(_ term: Term, from start: Double, to end: Double) -> Bar {
            let (left, right) = (place(min(start, end)), place(max(start, end)))
            return Bar(
                name: term.name,
                text: Figures.amount(term.amount, signed: true),
                start: round(left),
                length: term.amount == Decimal(0) ? 0 : max(round(right - left), 0.5),
                zero: round(place(0)),
                isNegative: term.amount < Decimal(0),
                href: term.href
            )
        }
        let bars = zip(terms, zip(ends, ends.dropFirst())).map { bar($0, from: $1.0, to: $1.1) }
        let rows = (terms + [total]).map { term in
            var amount = Cell.amount(term.amount, signed: true)
            amount.href = term.href
            return Row(key: term.name, cells: [.text(term.name, note: term.note), amount])
        }
        let table = Table(caption: title, columns: [.init("Change"), .init("Amount", isNumeric: true)], rows: rows)
        return Chart(
            title: title,
            content: .bars(bars + [bar(total, from: 0, to: sum)]),
            table: table.labelled().aligned()
        )
    }

    /// A sum of finite numbers can be infinite.
    private static func bounded(_ value: Double) -> Double {
        min(max(value, -Double.greatestFiniteMagnitude), Double.greatestFiniteMagnitude)
    }
}
