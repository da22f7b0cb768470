import ContractRuntime
import Generated

/// The columns of a token, which every query for tokens returns.
protocol AccessTokenRow {
    var tokenID: UUID { get }
    var name: String { get }
    var roles: [String] { get }
    var instanceID: String? { get }
    var createdBy: String { get }
    var createdAt: Timestamp { get }
    var expiresAt: Timestamp? { get }
    var revokedAt: Timestamp? { get }
}

extension InsertTokenRow: AccessTokenRow {}
extension ListTokensRow: AccessTokenRow {}
extension EndTokenRow: AccessTokenRow {}

extension AccessToken {
    /// Converts a database row.
    init(_ row: some AccessTokenRow) {
        self.init(
            tokenID: row.tokenID,
            name: row.name,
            roles: row.roles.compactMap(Role.init),
            instanceID: row.instanceID,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            expiresAt: row.expiresAt,
            revokedAt: row.revokedAt
        )
    }
}

extension IssuedToken {
    /// Converts a database row and adds the secret, which is not stored.
    init(_ row: some AccessTokenRow, secret: String) {
        self.init(
            tokenID: row.tokenID,
            name: row.name,
            roles: row.roles.compactMap(Role.init),
            instanceID: row.instanceID,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            expiresAt: row.expiresAt,
            revokedAt: row.revokedAt,
            token: secret
        )
    }
}
