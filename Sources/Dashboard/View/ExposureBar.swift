import ContractRuntime
import Generated

extension Sparkline {
    /// The gross exposure as a bar around the middle, and the net exposure from there: long to the right, short to the left.
    ///
    /// - Parameters:
    ///   - most: The largest gross exposure in the currency, which fills the space.
    ///   - unit: The currency, for screen readers.
    /// - Returns: Nil without an exposure.
    init?(net: Decimal, gross: Decimal, most: Double, unit: String) {
        guard most > 0, gross.approximate > 0 else { return nil }
        label = "net \(Figures.amount(net)) within gross \(Figures.amount(gross)) \(unit)"
        func length(_ value: Double) -> Double { Chart.round(min(abs(value) / most, 1) * 48) }
        let (whole, part) = (length(gross.approximate), length(net.approximate))
        let start = net.approximate < 0 ? 48 - part : 48
        drawing =
            #"<rect class="gross" x="\#(48 - whole)" width="\#(2 * whole)" y="4" height="16"/>"#
            + #"<rect class="bar" x="\#(start)" width="\#(part)" y="8" height="8"/>"#
            + #"<line class="middle" x1="48" x2="48" y1="2" y2="22"/>"#
    }
}
