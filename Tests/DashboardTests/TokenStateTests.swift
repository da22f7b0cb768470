import ContractRuntime
import FoundationEssentials
import Generated
import Testing

@testable import Dashboard

@Suite struct TokenStateTests {
    @Test(arguments: [
        (nil as Int64?, nil as Int64?, "active", true), (60, nil, "active", true), (-60, nil, "expired", false),
        (nil, -60, "revoked", false), (-60, -60, "revoked", false),
    ])
    func `a token is active until it expires or is revoked`(
        expires: Int64?,
        revoked: Int64?,
        text: String,
        isActive: Bool
    ) {
        let token = AccessToken(
            tokenID: UUID(),
            name: "ann",
            roles: [.operator],
            instanceID: nil,
            createdBy: "admin",
            createdAt: .now,
            expiresAt: expires.map { Timestamp.now.adding(seconds: $0) },
            revokedAt: revoked.map { Timestamp.now.adding(seconds: $0) }
        )
        #expect(token.state.text == text)
        #expect(token.isActive == isActive)
    }
}
