-- What the host did with what it read. Nothing is unique, so that doing it twice is seen.
create table effects (
    place   bigint generated always as identity primary key,
    topic   text    not null,
    lane    integer,
    number  bigint,
    fact_id uuid,
    key     text    not null
);
