import ContractRuntime
import NIOHTTP1

/// Tells who makes a request.
struct Authenticator: Sendable {
    private let adminToken: [UInt8]

    init(adminToken: String) {
        self.adminToken = Array(adminToken.utf8)
    }

    /// The principal whose credentials satisfy one of the alternatives, all of it; nil when nothing is required.
    func authenticate(
        _ headers: HTTPHeaders,
        for alternatives: [[SecurityRequirement]]
    ) throws(Problem) -> Principal? {
        guard !alternatives.isEmpty else { return nil }
        for requirements in alternatives {
            let principals = requirements.map { principal(headers, $0) }
            if let principal = principals.first, let principal, !principals.contains(nil) { return principal }
        }
        // An empty alternative lets callers stay unknown; one that nobody can check must not open an operation.
        guard alternatives.contains(where: \.isEmpty) else { throw .unauthorized }
        return nil
    }

    private func principal(_ headers: HTTPHeaders, _ requirement: SecurityRequirement) -> Principal? {
        guard requirement.scheme.name == "adminToken", case .apiKey(.header, let header) = requirement.scheme.kind
        else {
            return nil
        }
        let values = headers[header]
        return values.count == 1 && isAdminToken(values[0]) ? Principal(name: "admin-token-user") : nil
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
