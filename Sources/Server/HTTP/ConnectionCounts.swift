import Handlers

/// The limits for the connections of a listener and for the memory they hold.
struct ConnectionLimits: Sendable {
    /// The maximum number of connections of all clients.
    var total = 40_000
    /// The maximum number of connections of one address, or of one IPv6 /64 network. It fits two or three connections for each of 10,000
    /// agents behind one address.
    var perAddress = 30_000
    /// The maximum number of unread response bytes of all connections.
    var unreadBytes = 256 * 1_024 * 1_024
    /// The maximum number of request body bytes of all connections. Small bodies do not count.
    var bodyBytes = 256 * 1_024 * 1_024
    /// The maximum number of connections beyond the limits. They get a response with the reason, and operators are served.
    var surplus = 64

    /// These limits, reduced for a process with this limit of open files. Each connection uses one file, and the database needs some.
    func fitting(files: Int) -> ConnectionLimits {
        var limits = self
        limits.total = min(total, max(files - 512, files / 2))
        // Leave room for clients of other addresses.
        limits.perAddress = min(perAddress, max(limits.total * 3 / 4, 1))
        return limits
    }
}

/// The rights of a new connection.
enum ConnectionPlace: Equatable {
    case open
    /// Beyond a limit: only operators are served.
    case surplus(ConnectionLimit)
    /// Beyond the surplus connections: closed without a response.
    case rejected(ConnectionLimit)
}

/// Counts the connections of a listener. A pure state machine.
struct ConnectionCounts {
    /// Connections from these proxies are not limited per address, because they carry many clients.
    private let proxies: TrustedProxies
    private var total = 0
    private var surplus = 0
    private var byNetwork: [IPAddress: Int] = [:]

    init(proxies: TrustedProxies = TrustedProxies()) {
        self.proxies = proxies
    }

    /// Counts a connection unless it is rejected.
    ///
    /// - Parameter address: The client's address; nil if unknown.
    mutating func add(_ address: IPAddress?, _ limits: ConnectionLimits) -> ConnectionPlace {
        let network = network(of: address)
        let place: ConnectionPlace
        if total - surplus >= limits.total {
            place = surplus < limits.surplus ? .surplus(.total) : .rejected(.total)
        } else if let network, byNetwork[network] ?? 0 >= limits.perAddress {
            // The other half is reserved for clients of other addresses.
            place = surplus < limits.surplus / 2 ? .surplus(.address) : .rejected(.address)
        } else {
            place = .open
        }
        if case .rejected = place { return place }
        total += 1
        if place != .open { surplus += 1 }
        if let network { byNetwork[network, default: 0] += 1 }
        return place
    }

    /// Removes a counted connection.
    mutating func remove(_ address: IPAddress?, _ place: ConnectionPlace) {
        total -= 1
        if place != .open { surplus -= 1 }
        guard let network = network(of: address), let count = byNetwork[network] else { return }
        byNetwork[network] = count > 1 ? count - 1 : nil
    }

    /// The network that an address counts for; nil for a trusted proxy, and for loopback, which may be a proxy.
    private func network(of address: IPAddress?) -> IPAddress? {
        guard let address, !address.isLoopback, !proxies.contains(address) else { return nil }
        return address.isIPv4 ? address : address.network(64)
    }
}
