import ContractRuntime

extension Table {
    /// A copy in which the decimal points of each column of amounts stand below each other, for each currency.
    func aligned() -> Table {
        let ofCurrency = columns.firstIndex { $0.title == "Currency" }
        func group(_ row: Row) -> ExactText {
            guard let ofCurrency, ofCurrency < row.cells.count else { return ExactText("") }
            return ExactText(row.cells[ofCurrency].text ?? "")
        }
        var most: [ExactText: [Int]] = [:]
        for row in rows {
            var counts = most[group(row)] ?? []
            for (place, cell) in row.cells.enumerated() {
                let count = cell.decimals ?? 0
                if place < counts.count { counts[place] = max(counts[place], count) } else { counts.append(count) }
            }
            most[group(row)] = counts
        }
        var table = self
        table.rows = rows.map { row in
            let counts = most[group(row)] ?? []
            let cells = zip(row.cells, counts).map { cell, most in
                guard let decimals = cell.decimals, decimals < most else { return cell }
                var cell = cell
                // Spaces as wide as a point and as a digit.
                cell.pad = (decimals == 0 ? "\u{2008}" : "") + String(repeating: "\u{2007}", count: most - decimals)
                return cell
            }
            return Row(key: row.key, selection: row.selection, href: row.href, cells: cells)
        }
        return table
    }
}

extension Cell {
    /// The number of digits after the decimal point; nil if the cell is not just a number.
    fileprivate var decimals: Int? {
        guard isNumeric, let text, text.contains(where: \.isNumber) else { return nil }
        guard text.allSatisfy({ $0.isASCII && $0.isNumber || "+−.\u{202F}".contains($0) }) else { return nil }
        return text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) - 1 } ?? 0
    }
}
