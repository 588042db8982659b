-- The grid, service points, meters.
SELECT 'equipment: not yet';
