import ContractRuntime
import Generated

extension AccessToken {
    /// Converts a database row.
    init(_ row: AccessTokenRow) {
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
    init(_ row: AccessTokenRow, secret: String) {
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
