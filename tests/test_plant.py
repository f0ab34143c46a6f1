from swatlib.plant import ACTUATORS, FLOWS, GAUGED_TANKS, SENSORS, STAGES, TAG_NAMES, TAGS, TANKS, stage_tags


def test_the_plant_has_25_sensors_and_26_actuators():
    assert (len(TAG_NAMES), len(SENSORS), len(ACTUATORS)) == (51, 25, 26)


def test_tags_stand_in_the_order_of_their_stages():
    assert [TAGS[name].stage for name in TAG_NAMES] == sorted(TAGS[name].stage for name in TAG_NAMES)
    assert sum((stage_tags(stage) for stage in STAGES), ()) == TAG_NAMES


def test_sensors_have_units_and_actuators_codes():
    assert all(TAGS[name].unit and not TAGS[name].codes for name in SENSORS)
    assert all(TAGS[name].codes and not TAGS[name].unit for name in ACTUATORS)


def test_flows_and_levels_are_measured_by_tags():
    assert {flow.meter for flow in FLOWS} | {tank.level for tank in GAUGED_TANKS} <= set(SENSORS)
    assert {valve for flow in FLOWS for valve, _ in flow.path} <= set(ACTUATORS)


def test_each_gauged_tank_has_an_inflow_an_outflow_and_rising_set_points():
    for tank in GAUGED_TANKS:
        assert tank.inflows and tank.outflows
        assert tank.low_low < tank.low < tank.high < tank.high_high
    assert len(TANKS) == 5
