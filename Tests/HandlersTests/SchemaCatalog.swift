import Postgres
import TestSupport

/// Everything that PostgreSQL's catalogs say about a schema, and the rows of its tables, as comparable lines.
struct SchemaCatalog {
    let lines: Set<String>

    /// Reads the catalogs of a database.
    init(of database: Database) async throws {
        var lines: [String] = []
        for part in Self.parts {
            let sql = "SELECT coalesce(string_agg(line, E'\\x01'), '') FROM (\(part)) AS part (line)"
            let text: String = try await database.run(Query(text: sql))
            lines += text.split(separator: "\u{1}").map(String.init)
        }
        let tables: String = try await database.run(Query(text: Self.tables))
        for table in tables.split(separator: " ") {
            let rows: String = try await database.run(
                Query(text: "SELECT coalesce(json_agg(entry ORDER BY entry::text)::text, '') FROM \(table) AS entry")
            )
            if !rows.isEmpty { lines.append("rows of \(table): \(Self.timeless(rows))") }
        }
        self.lines = Set(lines)
    }

    /// The lines that only one of two catalogs has.
    func differences(from other: SchemaCatalog) -> [String] {
        lines.subtracting(other.lines).sorted().map { "- \($0)" }
            + other.lines.subtracting(lines).sorted().map { "+ \($0)" }
    }

    /// Rows without times and without the database's identity, which are those of the creation.
    private static func timeless(_ rows: String) -> String {
        rows.replacing(#/\d{4}-\d\d-\d\dT[0-9:.+]+/#, with: "TIME").replacing(#/"\d+/\d+"/#, with: "IDENTITY")
    }

    private static let tables = """
        SELECT string_agg(oid::regclass::text, ' ' ORDER BY relname)
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p')
            AND NOT relispartition
            AND relname NOT IN ('schema_migrations', 'schema_routines')
        """

    private static let parts = [
        // Tables, indexes, sequences, views.
        """
        SELECT concat_ws(
            ' ', 'relation', relname, relkind, relpersistence, reloptions::text, relacl::text, relrowsecurity, relreplident,
            relispartition, pg_get_expr(relpartbound, oid), pg_get_userbyid(relowner)
        )
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        """,
        // Columns, in their order. Some builds of PostgreSQL note other options than the documented ones.
        """
        SELECT concat_ws(
            ' ', 'column', attrelid::regclass, row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname,
            format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage, attcollation::regcollation,
            ARRAY (SELECT option FROM unnest(attoptions) AS option WHERE option LIKE 'n_distinct%'), attacl::text,
            pg_get_expr(adbin, adrelid)
        )
        FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relnamespace = 'public'::regnamespace
            AND attnum > 0
            AND NOT attisdropped
        """,
        // Without `conislocal` and `connoinherit`: a restore attaches partitions that already have their constraints.
        """
        SELECT concat_ws(
            ' ', 'constraint', conrelid::regclass, conname, contype, condeferrable, convalidated, coninhcount,
            pg_get_constraintdef(oid)
        )
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        """,
        """
        SELECT concat_ws(
            ' ', 'index', indrelid::regclass, indisunique, indisprimary, indisvalid, indisclustered, pg_get_indexdef(indexrelid)
        )
        FROM pg_index
        JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = 'public'::regnamespace
        """,
        """
        SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgenabled, pg_get_triggerdef(pg_trigger.oid))
        FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace
            AND NOT tgisinternal
        """,
        """
        SELECT concat_ws(' ', 'function', pg_get_functiondef(oid), proacl::text, pg_get_userbyid(proowner))
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        """,
        """
        SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname = 'public'
        """,
        """
        SELECT concat_ws(
            ' ', 'sequence', sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size,
            'at', last_value
        )
        FROM pg_sequences
        WHERE schemaname = 'public'
        """,
        """
        SELECT concat_ws(' ', 'inherits', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
        """,
        """
        SELECT concat_ws(' ', 'type', typname, typtype, pg_get_expr(typdefaultbin, 0))
        FROM pg_type
        WHERE typnamespace = 'public'::regnamespace
        """,
        """
        SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension
        """,
        // Servers of all releases compare these.
        """
        SELECT concat_ws(' ', 'migration', version, name, fingerprint) FROM schema_migrations
        """,
        """
        SELECT concat_ws(' ', 'routines', schema_version, revision, fingerprint) FROM schema_routines
        """,
    ]
}
