import Handlers

/// How many connections a listener has at once, and what they hold.
struct ConnectionLimits: Sendable {
    /// Connections of all clients together.
    var total = 40_000
    /// Connections of one address, or of one /64 network of IPv6. Two or three for each of 10,000 agents behind one address fit.
    var perAddress = 30_000
    /// Bytes of answers that clients do not read, all connections together.
    var unreadBytes = 256 * 1_024 * 1_024
    /// Bytes of request bodies, all connections together. Small bodies do not count.
    var bodyBytes = 256 * 1_024 * 1_024
    /// Connections beyond the limits: each is told so, and operators are served.
    var surplus = 64

    /// These limits, or lower ones for a process that may have so many files open. Each connection is one, and the database needs some.
    func fitting(files: Int) -> ConnectionLimits {
        var limits = self
        limits.total = min(total, max(files - 512, files / 2))
        // Others must still be able to connect.
        limits.perAddress = min(perAddress, max(limits.total * 3 / 4, 1))
        return limits
    }
}

/// The rights of a new connection.
enum ConnectionPlace: Equatable {
    case open
    /// Beyond a limit: only operators are served.
    case surplus(ConnectionLimit)
    /// Beyond the connections that are told why.
    case refused(ConnectionLimit)
}

/// The connections of a listener in numbers: a pure state machine.
struct ConnectionCounts {
    /// Their connections are those of all clients behind them.
    private let proxies: TrustedProxies
    private var total = 0
    private var surplus = 0
    private var byNetwork: [IPAddress: Int] = [:]

    init(proxies: TrustedProxies = TrustedProxies()) {
        self.proxies = proxies
    }

    /// Counts a connection that is not refused.
    ///
    /// - Parameter address: The client's; nil if it is not known.
    mutating func add(_ address: IPAddress?, _ limits: ConnectionLimits) -> ConnectionPlace {
        let network = network(of: address)
        let place: ConnectionPlace
        if total - surplus >= limits.total {
            place = surplus < limits.surplus ? .surplus(.total) : .refused(.total)
        } else if let network, byNetwork[network] ?? 0 >= limits.perAddress {
            // The other half is for clients of other addresses.
            place = surplus < limits.surplus / 2 ? .surplus(.address) : .refused(.address)
        } else {
            place = .open
        }
        if case .refused = place { return place }
        total += 1
        if place != .open { surplus += 1 }
        if let network { byNetwork[network, default: 0] += 1 }
        return place
    }

    /// Forgets a connection that was counted.
    mutating func remove(_ address: IPAddress?, _ place: ConnectionPlace) {
        total -= 1
        if place != .open { surplus -= 1 }
        guard let network = network(of: address), let count = byNetwork[network] else { return }
        byNetwork[network] = count > 1 ? count - 1 : nil
    }

    /// The network that an address is counted for; nil for a proxy, and for loopback, where there may be one.
    private func network(of address: IPAddress?) -> IPAddress? {
        guard let address, !address.isLoopback, !proxies.contains(address) else { return nil }
        return address.isIPv4 ? address : address.network(64)
    }
}
