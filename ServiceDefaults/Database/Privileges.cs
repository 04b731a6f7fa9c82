using Billing.Contracts;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Who may do what, beside row-level security. The writer selects and inserts; update and delete only where a
/// migration grants them, which none does on facts. Reader and staff see only what billing_protect or
/// billing_share opened. Nobody else may connect.
/// </summary>
internal static class Privileges
{
    public static async Task Grant(
        NpgsqlConnection owner, string database, IReadOnlyList<DatabaseRole> roles,
        CancellationToken cancellation)
    {
        var (writer, reader, staff) = (Name(DatabaseRoles.Writer), Name(DatabaseRoles.Reader),
            Name(DatabaseRoles.Staff));
        await using var grants = new NpgsqlCommand(
            $"""
            revoke all on database {database} from public;
            grant connect on database {database} to {writer}, {reader}, {staff};
            grant temporary on database {database} to {writer};
            revoke all on schema public from public;
            grant usage on schema public to {writer}, {reader}, {staff};
            alter default privileges grant select, insert on tables to {writer};
            alter default privileges grant usage, select on sequences to {writer};
            alter default privileges revoke execute on functions from public;
            alter default privileges grant execute on functions to {writer};
            """, owner);
        await grants.ExecuteNonQueryAsync(cancellation);

        string Name(string kind) => roles.First(role => role.Kind == kind).Name;
    }

    /// <summary>
    /// What a migration can get wrong without anybody noticing until a tenant sees another's rows.
    /// </summary>
    /// <exception cref="CannotStartException">
    /// A table or view is open to reader or staff without a policy.
    /// </exception>
    public static async Task Verify(
        NpgsqlConnection owner, IReadOnlyList<DatabaseRole> roles, CancellationToken cancellation)
    {
        await using var look = new NpgsqlCommand(
            """
            select format('%I.%I', n.nspname, c.relname), r.name
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            cross join unnest($1) as r(name)
            where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
              and has_any_column_privilege(r.name, c.oid, 'select, insert, update, references')
              and case c.relkind
                    when 'r' then not (c.relrowsecurity and c.relforcerowsecurity)
                    when 'p' then not (c.relrowsecurity and c.relforcerowsecurity)
                    when 'v' then not exists (
                        select from pg_options_to_table(c.reloptions)
                        where option_name = 'security_invoker' and option_value::boolean)
                    when 'm' then true
                    when 'f' then true
                    else false
                  end
            order by 1, 2
            limit 1
            """, owner)
        {
            Parameters =
            {
                new()
                {
                    Value = roles.Where(role => role.ReadOnly).Select(role => role.Name).ToArray(),
                },
            },
        };
        await using var open = await look.ExecuteReaderAsync(cancellation);
        if (await open.ReadAsync(cancellation))
            throw new CannotStartException(
                $"{open.GetString(0)} is open to {open.GetString(1)} without row-level security: use "
                + "billing_protect or billing_share, and security_invoker for a view.");
    }
}
