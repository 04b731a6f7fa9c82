using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>What is there under the service's database name.</summary>
internal sealed record ExistingDatabase(string Owner, bool IsUnicodeByBytes, bool IsEmpty, bool IsOurs)
{
    public static async Task<ExistingDatabase?> Find(
        NpgsqlConnection server, NpgsqlConnectionStringBuilder admin, CancellationToken cancellation)
    {
        await using var find = new NpgsqlCommand(
            """
            select pg_get_userbyid(datdba),
                   pg_encoding_to_char(encoding) = 'UTF8' and datcollate = 'C' and datlocprovider = 'c'
            from pg_database where datname = $1
            """, server)
        {
            Parameters = { new() { Value = admin.Database! } },
        };
        await using var found = await find.ExecuteReaderAsync(cancellation);
        if (!await found.ReadAsync(cancellation)) return null;

        var (owner, byBytes) = (found.GetString(0), found.GetBoolean(1));
        await using var inside = new NpgsqlConnection(admin.ConnectionString);
        await inside.OpenAsync(cancellation);
        await using var look = new NpgsqlCommand(
            """
            select not exists (
                       select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                       where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'),
                   to_regclass('public.billing_migrations') is not null
            """, inside);
        await using var seen = await look.ExecuteReaderAsync(cancellation);
        await seen.ReadAsync(cancellation);

        return new(owner, byBytes, seen.GetBoolean(0), seen.GetBoolean(1));
    }

    /// <exception cref="CannotStartException">It cannot become, or be, a store of ours.</exception>
    public void Check(string database)
    {
        if (!IsEmpty && !IsOurs)
            throw new CannotStartException(
                $"The database '{database}' holds tables that this product did not make: name another one.");
        if (!IsUnicodeByBytes)
            throw new CannotStartException(
                $"The database '{database}' is not UTF-8 sorted by bytes (C): dump it and restore it into "
                + "one that is.");
    }
}
