import ContractRuntime

extension Table {
    /// The cells whose decimal points stand below each other: those of a column with the same currency.
    private struct Group: Hashable {
        let column: Int
        let currency: ExactText
    }

    /// A copy in which the decimal points of each column of amounts stand below each other, for each currency. The currency of an amount is
    /// the one after it, or else that of its row.
    func aligned() -> Table {
        let ofCurrency = columns.firstIndex { $0.title == "Currency" }
        func amount(_ row: Row, _ column: Int) -> (group: Group, decimals: Int)? {
            guard let (decimals, unit) = row.cells[column].decimals else { return nil }
            let ofRow = ofCurrency.flatMap { $0 < row.cells.count ? row.cells[$0].text : nil }
            return (Group(column: column, currency: ExactText(unit ?? ofRow ?? "")), decimals)
        }
        var most: [Group: Int] = [:]
        for row in rows {
            for column in row.cells.indices {
                guard let (group, decimals) = amount(row, column) else { continue }
                most[group] = max(most[group] ?? 0, decimals)
            }
        }
        var table = self
        table.rows = rows.map { row in
            let cells = row.cells.enumerated().map { column, cell in
                guard let (group, decimals) = amount(row, column), let most = most[group], decimals < most else {
                    return cell
                }
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
    /// The number of digits after the decimal point, and the currency after the number; nil if the cell is no amount.
    fileprivate var decimals: (count: Int, unit: String?)? {
        guard isNumeric, let text else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let number = parts.first, number.contains(where: \.isNumber) else { return nil }
        guard number.allSatisfy({ $0.isASCII && $0.isNumber || "+−.\u{202F}".contains($0) }) else { return nil }
        let unit = parts.count > 1 ? String(parts[1]) : nil
        if unit?.hasPrefix("×") == true { return nil }
        return (number.firstIndex(of: ".").map { number.distance(from: $0, to: number.endIndex) - 1 } ?? 0, unit)
    }
}
