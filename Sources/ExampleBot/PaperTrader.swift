import AgentKit
import ContractRuntime
import Foundation
import Generated

/// The type of amounts in calculations. `ContractRuntime.Decimal` is only the form in which they are reported.
typealias Amount = Foundation.Decimal

/// A bot that trades on paper, as a template for a bot that trades on an exchange.
///
/// The price is a random walk. The bot buys below its moving average and sells above it. It pays a fee for each fill and funding every 60
/// steps, and reports all of it.
actor PaperTrader {
    private static let lot = Amount(string: "0.01") ?? 0
    private static let feeRate = Amount(string: "0.0004") ?? 0

    private let agent: Agent
    /// A prefix that makes the IDs of fills unique across runs.
    private let run = UUID().uuidString.prefix(8)
    private var fills = 0
    private var price: Amount = 50_000
    private var average: Amount = 50_000
    private var quantity: Amount = 0
    private var entryPrice: Amount = 0
    private var realized: Amount = 0
    private var fees: Amount = 0
    private var funding: Amount = 0

    init(_ agent: Agent) {
        self.agent = agent
    }

    private var unrealized: Amount { (price - entryPrice) * quantity }
    private var equity: Amount { 10_000 + realized + unrealized - fees + funding }

    /// Closes the position, and returns the closed and the remaining quantity as evidence.
    func flatten() throws -> JSONObject {
        let closed = quantity
        if closed != 0 { try fill(-closed) }
        return JSONObject { [quantity] json in
            json.member("closed", "\(closed)")
            json.member("residual", "\(quantity)")
        }
    }

    /// The equity of the account, as evidence for SYNC_BALANCE.
    func balance() -> JSONObject { JSONObject { [equity] json in json.member("equity", "\(equity)") } }

    /// Moves the market by one step, and trades if the strategy wants to.
    func step() throws {
        price = (price * (1 + Amount(Double.random(in: -0.001...0.001)))).rounded(to: 2)
        average += (price - average) / 20
        let wanted = price < average ? Self.lot : -Self.lot
        guard abs(quantity + wanted) <= 5 * Self.lot, Double.random(in: 0...1) < 0.3, mayOrder else { return }
        try fill(wanted)
    }

    private var mayOrder: Bool { (try? agent.permitOrders()) != nil }

    /// Fills an order immediately, with up to 2 basis points of slippage, and reports the fill.
    private func fill(_ wanted: Amount) throws {
        let slippage = Amount(Double.random(in: 0...2)).rounded(to: 2)
        let paid = (price * (1 + slippage / 10_000 * (wanted > 0 ? 1 : -1))).rounded(to: 2)
        let after = quantity + wanted
        if quantity * wanted < 0 {
            let closed = min(abs(wanted), abs(quantity)) * (quantity > 0 ? 1 : -1)
            realized += (paid - entryPrice) * closed
            if after * quantity < 0 { entryPrice = paid }
        } else {
            entryPrice = (entryPrice * quantity + paid * wanted) / after
        }
        quantity = after
        let fee = (abs(wanted) * paid * Self.feeRate).rounded(to: 6)
        fees += fee
        fills += 1
        let id = "\(run)-\(fills)"
        try agent.telemetry.cost(.fee, fee.exact, entryID: id)
        try agent.telemetry.execution(
            slippageBps: slippage.exact,
            latencyMs: Amount(Double.random(in: 20...120)).rounded(to: 2).exact,
            fillRatio: Amount(1).exact,
            sampleID: id
        )
        try agent.telemetry.position(net: (quantity * paid).exact, gross: abs(quantity * paid).exact)
    }

    /// Pays or receives funding for the position.
    func payFunding() throws {
        let amount = (-quantity * price / 100_000).rounded(to: 6)
        guard amount != 0 else { return }
        funding += amount
        try agent.telemetry.cost(.funding, amount.exact)
    }

    /// Reports equity, profit and the position.
    func report() throws {
        try agent.telemetry.metric("equity", equity.rounded(to: 8).exact)
        try agent.telemetry.metric("realized_pnl", realized.rounded(to: 8).exact)
        try agent.telemetry.metric("unrealized_pnl", unrealized.rounded(to: 8).exact)
        try agent.telemetry.position(net: (quantity * price).exact, gross: abs(quantity * price).exact)
    }
}

extension Amount {
    /// The amount rounded to a number of decimal places, half away from zero.
    fileprivate func rounded(to digits: Int) -> Amount {
        var value = self
        var result = Amount()
        NSDecimalRound(&result, &value, digits, .plain)
        return result
    }

    /// The amount in the contract's type.
    fileprivate var exact: ContractRuntime.Decimal { ContractRuntime.Decimal("\(self)") ?? ContractRuntime.Decimal(0) }
}
