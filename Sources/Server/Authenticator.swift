import ContractRuntime
import NIOHTTP1

/// Tells who makes a request.
struct Authenticator: Sendable {
    private let adminToken: [UInt8]

    init(adminToken: String) {
        self.adminToken = Array(adminToken.utf8)
    }

    /// The principal whose credentials satisfy every requirement; nil when nothing is required.
    func authenticate(
        _ headers: HTTPHeaders,
        for requirements: [SecurityRequirement]
    ) throws(Problem) -> Principal? {
        var principal: Principal?
        for case .headerKey("adminToken", let header) in requirements {
            let values = headers[header]
            guard values.count == 1, isAdminToken(values[0]) else { throw .unauthorized }
            principal = Principal(name: "admin-token-user")
        }
        // A scheme that nobody checks must not open an operation.
        guard principal != nil || requirements.isEmpty else { throw .unauthorized }
        return principal
    }

    /// Takes the same time wherever the difference lies, and whatever the lengths of the two.
    private func isAdminToken(_ text: String) -> Bool {
        let presented = Array(text.utf8)
        var difference = UInt(presented.count ^ adminToken.count)
        for index in adminToken.indices {
            let byte = index < presented.count ? presented[index] : 0
            difference |= UInt(byte ^ adminToken[index])
        }
        return difference == 0
    }
}
