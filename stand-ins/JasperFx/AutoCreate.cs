namespace JasperFx;

/// <summary>What a store may do to the database by itself.</summary>
public enum AutoCreate
{
    /// <summary>Makes what is missing, and adds columns.</summary>
    CreateOrUpdate = 1,

    /// <summary>Nothing: somebody else has made the tables.</summary>
    None = 3,
}
